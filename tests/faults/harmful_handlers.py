"""Job types that do harm to the process they run in, and note when they begin. Loaded by `MILLRACE_HANDLERS`."""

import os
import signal
import time
from datetime import timedelta

from millrace.jobs.handler import JobContext, Payload, RetryPolicy
from tests.faults import stamping_handlers

TURNS = 5_000_000
"""Enough to tell how many make a second."""


class StampedHog(stamping_handlers.StampedFree):
    """Keeps every other thread of its process waiting, by one call that doesn't come back to Python meanwhile."""

    type = "stamped_hog"

    def work(self, payload: Payload, context: JobContext) -> None:
        a_second = max(turns_a_second() for _ in range(5))  # whoever else computes makes it look slower
        sum(range(int(a_second * payload["seconds"])))


def turns_a_second() -> float:
    """How fast this machine counts, by one look."""
    began = time.perf_counter()
    sum(range(TURNS))
    return TURNS / (time.perf_counter() - began)


class StampedDeadly(stamping_handlers.StampedFree):
    """Takes its process along, each time."""

    type = "stamped_deadly"
    retry = RetryPolicy(max_attempts=10, first_pause=timedelta(milliseconds=10))

    def work(self, payload: Payload, context: JobContext) -> None:
        time.sleep(payload["seconds"])
        os.kill(os.getpid(), signal.SIGKILL)


class StampedQuitter(stamping_handlers.StampedFree):
    """Ends its process as if all were well, each time."""

    type = "stamped_quitter"
    retry = RetryPolicy(max_attempts=10, first_pause=timedelta(milliseconds=10))

    def work(self, payload: Payload, context: JobContext) -> None:
        del payload, context
        os._exit(0)
