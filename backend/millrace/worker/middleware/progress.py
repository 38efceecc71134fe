"""Sends the rest of what an attempt said before it is settled, so that its last word is the last."""

from millrace.jobs.outcome import Outcome
from millrace.worker.running import RunningAttempt, Step


def progress(attempt: RunningAttempt, next: Step) -> Outcome:
    """Close the attempt's report, however the attempt ends."""
    try:
        return next(attempt)
    finally:
        attempt.report.finish()
