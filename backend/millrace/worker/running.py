"""An attempt that runs: what every step of its pipeline is given."""

from collections.abc import Callable
from dataclasses import dataclass

from millrace.jobs.handler import JobContext
from millrace.jobs.job import Job, Payload
from millrace.jobs.outcome import Outcome
from millrace.worker.held import StopSignal
from millrace.worker.reporter import AttemptReport


@dataclass(frozen=True, slots=True)
class RunningAttempt:
    """A claimed job, what asks it to stop, and what it says. `payload` is as the store keeps it: not loaded yet."""

    job: Job
    payload: Payload
    stop: StopSignal
    report: AttemptReport
    context: JobContext


Step = Callable[[RunningAttempt], Outcome]
"""Runs an attempt and says how it ended. Raises only by a fault of ours, or where the retry middleware is to judge."""

Middleware = Callable[[RunningAttempt, Step], Outcome]
"""One concern around a step: it may act before and after `next`, or answer in its stead."""


def through(middleware: tuple[Middleware, ...], last: Step) -> Step:
    """`last` inside all of `middleware`, the first outermost."""
    step = last
    for layer in reversed(middleware):
        step = _around(layer, step)
    return step


def _around(layer: Middleware, inner: Step) -> Step:
    return lambda attempt: layer(attempt, inner)
