"""Gives an attempt its time. A handler in a thread keeps the limit at its checkpoints, for no thread can be ended
safely from outside; one in a process of its own is killed where it doesn't. Shortly before, its log says so.
"""

from datetime import timedelta

from millrace.jobs.outcome import Outcome
from millrace.worker.alarms import Alarms
from millrace.worker.running import Middleware, RunningAttempt, Step
from millrace.worker.words import spoken

WARNED_AFTER = 0.8
"""How much of the time limit has passed when the attempt's log says what is left."""


def time_limit_with(alarms: Alarms) -> Middleware:
    """The middleware whose warnings `alarms` calls."""

    def time_limit(attempt: RunningAttempt, next: Step) -> Outcome:
        """Let the attempt end once it has run for its time limit, and warn it before."""
        seconds = attempt.job.time_limit_seconds
        attempt.stop.set_time_limit(seconds)
        alarm = alarms.set(seconds * WARNED_AFTER, lambda: attempt.report.write("warning", _warning(seconds)))
        try:
            return next(attempt)
        finally:
            alarms.cancel(alarm)

    return time_limit


def _warning(limit_seconds: float) -> str:
    left = limit_seconds * (1 - WARNED_AFTER)
    left = round(left, 0 if left >= 10 else 1)
    return f"The time limit of {spoken(timedelta(seconds=limit_seconds))} ends in {spoken(timedelta(seconds=left))}."
