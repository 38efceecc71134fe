"""Gives an attempt its time. The limit is kept at checkpoints: no thread can be ended safely from outside."""

from millrace.jobs.outcome import Outcome
from millrace.worker.running import RunningAttempt, Step


def time_limit(attempt: RunningAttempt, next: Step) -> Outcome:
    """Let checkpoints raise once the attempt has run for its time limit."""
    attempt.stop.set_time_limit(attempt.job.time_limit_seconds)
    return next(attempt)
