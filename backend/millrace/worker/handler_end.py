"""What it means that a handler raised, in two steps: `describe` where it raised, `decide` where its attempt is settled.

Between the two stand only words and numbers, so that they can cross from one process to another.
"""

import traceback
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from millrace.errors import MillraceError, ValidationFailed
from millrace.jobs.handler import JobCancelled, PermanentFailure, RetryLater, TimeLimitExceeded
from millrace.jobs.job import MAX_ERROR_LENGTH, Job
from millrace.jobs.outcome import MAX_TRACEBACK_LENGTH, AttemptError, Failed, Outcome, RetriedLater, Yielded
from millrace.jobs.retry import RetryPolicy
from millrace.worker.held import AttemptStopped, StopReason, StopSignal
from millrace.worker.words import middle_cut, one_line, spoken

MAX_CODE_LENGTH = 60
OWN_PACKAGE = "millrace.worker"


class EndKind(StrEnum):
    """What kind of end the handler came to."""

    STOPPED = "stopped"
    CANCELLED = "cancelled"
    TIME_IS_UP = "time_is_up"
    FAILED_FOR_GOOD = "failed_for_good"
    LATER = "later"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HandlerEnd:
    """How a handler ended that didn't return. `pause_seconds`: after how long it asked to be tried again."""

    kind: EndKind
    error: AttemptError
    pause_seconds: float = 0.0


def describe(error: BaseException) -> HandlerEnd:
    """What `error`, which a handler raised or let pass, means."""
    match error:
        case AttemptStopped():
            return HandlerEnd(EndKind.STOPPED, _described(error, "stopped"))
        case JobCancelled():
            return HandlerEnd(EndKind.CANCELLED, _described(error, "handler_error"))
        case TimeLimitExceeded():
            return HandlerEnd(EndKind.TIME_IS_UP, _described(error, "time_limit"))
        case PermanentFailure():
            return HandlerEnd(EndKind.FAILED_FOR_GOOD, _described(error, error.code))
        case RetryLater():
            return HandlerEnd(EndKind.LATER, _described(error, error.code), error.delay.total_seconds())
        case ValidationFailed():
            return HandlerEnd(EndKind.FAILED_FOR_GOOD, _described(error, error.code))
        case MillraceError():
            return HandlerEnd(EndKind.FAILED, _described(error, error.code))
    return HandlerEnd(EndKind.FAILED, _described(error, "handler_error"))


def decide(end: HandlerEnd, job: Job, stop: StopSignal, policy: RetryPolicy) -> Outcome:
    """How the attempt of `job` ends whose handler came to `end`. A failure gets another try, or none."""
    match end.kind:
        case EndKind.STOPPED:
            return Yielded()
        case EndKind.CANCELLED if stop.reason is StopReason.CANCELLED:
            return Yielded()
        case EndKind.TIME_IS_UP:
            return Failed(_time_is_up(job.time_limit))
        case EndKind.FAILED_FOR_GOOD:
            return Failed(end.error)
        case EndKind.LATER:
            pause = timedelta(seconds=end.pause_seconds)
        case _:
            pause = policy.pause_after(job.failures + 1)
    return Failed(end.error) if is_last(job) else RetriedLater(end.error, max(pause, timedelta()))


def stopped(reason: StopReason, job: Job) -> Outcome:
    """How the attempt of `job` ends that had to stop for `reason` and didn't."""
    return Failed(_time_is_up(job.time_limit)) if reason is StopReason.TIME_LIMIT else Yielded()


def is_last(job: Job) -> bool:
    """Whether no other attempt follows a failure of this one."""
    return job.failures + 1 >= job.max_attempts


def _time_is_up(limit: timedelta) -> AttemptError:
    return AttemptError("time_limit", "TimeLimitExceeded", f"It ran longer than its time limit of {spoken(limit)}.")


def _described(error: BaseException, code: str) -> AttemptError:
    kind = type(error).__name__
    is_signal = isinstance(error, (PermanentFailure, RetryLater))
    return AttemptError(
        code=one_line(code, MAX_CODE_LENGTH),
        type=one_line(kind, MAX_CODE_LENGTH),
        message=one_line(_said_by(error), MAX_ERROR_LENGTH) or kind,
        traceback=None if is_signal and error.__cause__ is None else _traced(error),
    )


def _said_by(error: BaseException) -> str:
    try:
        return error.message if isinstance(error, MillraceError) else str(error)
    except Exception:  # noqa: BLE001 (an error that can't even say what it is still ends its attempt)
        return ""


def _traced(error: BaseException) -> str:
    """The traceback of `error`, from the handler on: how the worker came there tells nothing."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(OWN_PACKAGE):
        trace = trace.tb_next
    lines = traceback.format_exception(type(error), error, trace or error.__traceback__)
    return middle_cut("".join(lines), MAX_TRACEBACK_LENGTH)
