"""Tells the line what holds each queue back: repairs a change that it didn't hear of."""

from typing import Protocol

REST_SECONDS = 5.0


class Queues(Protocol):
    """What this sweep asks of the queues service."""

    def apply_limits(self) -> None: ...


class ApplyLimits:
    """Tells all limits there are; the line keeps the newest of each queue."""

    name = "apply_limits"

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def run_once(self) -> float:
        """Tell them once; how many seconds to rest before the next time."""
        self._queues.apply_limits()
        return REST_SECONDS
