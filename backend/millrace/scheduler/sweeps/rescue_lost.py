"""Takes jobs from workers that are lost.

A worker is lost when its counter stood still for six seconds of this scheduler's own clock, during which the scheduler
read it without a gap. Clocks of other hosts play no part, and an outage that hits scheduler and workers alike rescues
nobody. A worker that something is booked on, in SQL or at the broker, but that isn't registered, counts as one that
stands still.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import structlog

from millrace.clock import Clock
from millrace.errors import BrokerUnavailable, DatabaseUnavailable
from millrace.queues.worker import LOST_AFTER_SECONDS

LONGEST_GAP_SECONDS = 4.0
REST_SECONDS = 1.0
BROKER_REST_SECONDS = 10.0
"""How long a broker that didn't answer isn't asked: its silence takes seconds, each time a gap between readings.

Longer than it takes to see that a worker is lost.
"""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Jobs(Protocol):
    """What this sweep asks of the jobs service."""

    def running_workers(self) -> frozenset[str]: ...
    def rescue_from(self, worker_id: str) -> int: ...


class Workers(Protocol):
    """What this sweep asks of the workers' records."""

    def beats(self) -> Mapping[str, int]: ...
    def deregister(self, worker_id: str) -> None: ...


class Line(Protocol):
    """What this sweep asks of the broker."""

    def workers(self) -> frozenset[str]: ...
    def forget(self, worker_id: str) -> int: ...


class Watch:
    """Remembers since when each worker's counter stands still. Pure: the caller reads and tells the time."""

    def __init__(self) -> None:
        self._read_at: float | None = None
        self._since: dict[str, tuple[int | None, float]] = {}

    def lost(self, now: float, beats: Mapping[str, int], booked: frozenset[str]) -> Sequence[str]:
        """The workers that are lost, by a reading made at `now` (monotonic seconds).

        Args:
            beats: The counter of every registered worker.
            booked: The workers that something is booked on, registered or not.
        """
        if self._read_at is None or now - self._read_at > LONGEST_GAP_SECONDS:
            self._since.clear()
        self._read_at = now
        counters: dict[str, int | None] = {**dict.fromkeys(booked), **beats}
        seen = self._since
        self._since = {
            worker_id: seen[worker_id] if worker_id in seen and seen[worker_id][0] == counter else (counter, now)
            for worker_id, counter in counters.items()
        }
        return [worker_id for worker_id, (_, since) in self._since.items() if now - since >= LOST_AFTER_SECONDS]

    def forget(self, worker_id: str) -> None:
        """Count anew for one worker."""
        self._since.pop(worker_id, None)

    def forget_all(self) -> None:
        """Count anew for all: what was seen last says nothing any more."""
        self._since.clear()


class RescueLost:
    """Reads all counters, and empties and removes those workers that are lost."""

    name = "rescue_lost"

    def __init__(self, jobs: Jobs, workers: Workers, line: Line, clock: Clock) -> None:
        self._jobs = jobs
        self._workers = workers
        self._line = line
        self._clock = clock
        self._watch = Watch()
        self._ask_broker_at = -math.inf

    def run_once(self) -> float:
        """Read once, and rescue; how many seconds to rest before the next reading."""
        try:
            booked = self._jobs.running_workers() | (self._ask_broker(self._line.workers) or frozenset())
            beats = self._workers.beats()
            for worker_id in self._watch.lost(self._clock.monotonic(), beats, booked):
                self._empty(worker_id)
        except DatabaseUnavailable:
            self._watch.forget_all()
            raise
        return REST_SECONDS

    def _empty(self, worker_id: str) -> None:
        rescued = self._jobs.rescue_from(worker_id)
        self._workers.deregister(worker_id)
        self._watch.forget(worker_id)
        log.warning("worker_lost", worker_id=worker_id, rescued=rescued)
        # Last, so that what comes back is refused by the claim unless it never started.
        # Where it doesn't answer, the broker still names the worker, which is then lost once more.
        self._ask_broker(lambda: self._line.forget(worker_id))

    def _ask_broker(self, question: Callable[[], T]) -> T | None:
        """Its answer; None where it doesn't answer, or didn't shortly before."""
        if self._clock.monotonic() < self._ask_broker_at:
            return None
        try:
            return question()
        except BrokerUnavailable:
            self._ask_broker_at = self._clock.monotonic() + BROKER_REST_SECONDS
            return None
