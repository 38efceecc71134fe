"""Judges how an attempt ended: what a handler raised becomes an outcome, and a failure gets another try or none.

What nobody foresaw is a failure, never a success.
"""

import traceback
from datetime import timedelta

from millrace.errors import MillraceError, ValidationFailed
from millrace.jobs.handler import JobCancelled, PermanentFailure, RetryLater, TimeLimitExceeded
from millrace.jobs.job import MAX_ERROR_LENGTH
from millrace.jobs.outcome import MAX_TRACEBACK_LENGTH, AttemptError, Failed, Outcome, RetriedLater, Yielded
from millrace.jobs.retry import RetryPolicy
from millrace.worker.held import AttemptStopped, StopReason
from millrace.worker.running import Middleware, RunningAttempt, Step
from millrace.worker.words import middle_cut, one_line

MAX_CODE_LENGTH = 60
OWN_PACKAGE = "millrace.worker"


def retry_by(policies: dict[str, RetryPolicy]) -> Middleware:
    """The middleware for job types with these policies."""

    def retry(attempt: RunningAttempt, next: Step) -> Outcome:
        """Turn whatever the handler raises into an outcome."""
        try:
            return next(attempt)
        except BaseException as error:  # noqa: BLE001 (this is where a handler's errors end, `sys.exit` among them)
            return judge(error, attempt, policies.get(attempt.job.type, RetryPolicy()))

    return retry


def judge(error: BaseException, attempt: RunningAttempt, policy: RetryPolicy) -> Outcome:
    """How an attempt ends that `error` ended."""
    match error:
        case AttemptStopped():
            return Yielded()
        case JobCancelled() if attempt.stop.reason is StopReason.CANCELLED:
            return Yielded()
        case TimeLimitExceeded():
            return Failed(_time_is_up(attempt.job.time_limit))
        case PermanentFailure():
            return Failed(_described(error, error.code))
        case RetryLater():
            return _again(attempt, _described(error, error.code), error.delay)
        case ValidationFailed():
            return Failed(_described(error, error.code))
        case MillraceError():
            code = error.code
        case _:
            code = "handler_error"
    return _again(attempt, _described(error, code), policy.pause_after(attempt.job.failures + 1))


def _again(attempt: RunningAttempt, error: AttemptError, pause: timedelta) -> Outcome:
    is_last = attempt.job.failures + 1 >= attempt.job.max_attempts
    return Failed(error) if is_last else RetriedLater(error, max(pause, timedelta()))


def _time_is_up(limit: timedelta) -> AttemptError:
    return AttemptError("time_limit", "TimeLimitExceeded", f"It ran longer than its time limit of {_spoken(limit)}.")


def _spoken(duration: timedelta) -> str:
    seconds = duration.total_seconds()
    for length, unit in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= length and seconds % length == 0:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"


def _described(error: BaseException, code: str) -> AttemptError:
    kind = type(error).__name__
    said = error.message if isinstance(error, MillraceError) else str(error)
    is_signal = isinstance(error, (PermanentFailure, RetryLater))
    return AttemptError(
        code=one_line(code, MAX_CODE_LENGTH),
        type=one_line(kind, MAX_CODE_LENGTH),
        message=one_line(said, MAX_ERROR_LENGTH) or kind,
        traceback=None if is_signal and error.__cause__ is None else _traced(error),
    )


def _traced(error: BaseException) -> str:
    """The traceback of `error`, from the handler on: how the worker came there tells nothing."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(OWN_PACKAGE):
        trace = trace.tb_next
    lines = traceback.format_exception(type(error), error, trace or error.__traceback__)
    return middle_cut("".join(lines), MAX_TRACEBACK_LENGTH)
