"""Leaves out a handler that was asked to stop before it began; later ones learn of it at their checkpoints."""

from millrace.jobs.outcome import Outcome, Yielded
from millrace.worker.held import StopReason
from millrace.worker.running import RunningAttempt, Step


def cancellation(attempt: RunningAttempt, next: Step) -> Outcome:
    """Yield at once where somebody cancelled the job, or this process shuts down."""
    if attempt.job.cancel_requested:
        attempt.stop.ask(StopReason.CANCELLED)
    return Yielded() if attempt.stop.reason is not None else next(attempt)
