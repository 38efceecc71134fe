"""The dispatcher: sends queued jobs to the workers, and never makes anybody wait for a Redis that is away."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.clock import Clock
from millrace.errors import BrokerUnavailable
from millrace.jobs.job import Job

QUIET_SECONDS_AFTER_FAILURE = 1.0

log = structlog.get_logger(__name__)


class RedisDispatcher:
    """A `Dispatcher` on the queues in Redis. Safe to share between threads.

    After a failure it sends nothing for a second, and then lets one caller alone find out whether Redis is back.
    What isn't sent meanwhile stays queued in SQL, where the scheduler finds it.
    """

    def __init__(self, queues: RedisQueues, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock
        self._asking = threading.Lock()
        self._away = False
        self._quiet_until = 0.0

    def send(self, jobs: Sequence[Job]) -> int:
        """Send those of `jobs` that the broker doesn't hold, in order; how many that were. Never raises."""
        return self._try(lambda: self._enqueue(jobs))

    def withdraw(self, jobs: Sequence[Job]) -> int:
        """Take jobs that must not start any more out of line; how many stood there. Never raises."""
        return self._try(lambda: self._remove(jobs))

    def _enqueue(self, jobs: Sequence[Job]) -> int:
        return sum(self._queues.enqueue(queue, rows) for queue, rows in by_queue(jobs).items())

    def _remove(self, jobs: Sequence[Job]) -> int:
        return sum(self._queues.remove(queue, rows) for queue, rows in by_queue(jobs).items())

    def _try(self, work: Callable[[], int]) -> int:
        if not self._away:
            return self._ask(work)
        if self._clock.monotonic() < self._quiet_until or not self._asking.acquire(blocking=False):
            return 0
        try:
            return self._ask(work)
        finally:
            self._asking.release()

    def _ask(self, work: Callable[[], int]) -> int:
        try:
            done = work()
        except BrokerUnavailable as error:
            self._quiet_until = self._clock.monotonic() + QUIET_SECONDS_AFTER_FAILURE
            if not self._away:
                self._away = True
                # The other idle connections are most likely dead as well; each would cost a failure of its own.
                self._queues.drop_idle_connections()
                log.warning("redis_away", reason=str(error.__cause__))
            return 0
        if self._away:
            self._away = False
            log.info("redis_back")
        return done


def by_queue(jobs: Iterable[Job]) -> Mapping[str, Sequence[Waiting]]:
    """The deliveries of jobs and what decides their places, in order."""
    rows: dict[str, list[Waiting]] = {}
    for job in jobs:
        rows.setdefault(job.queue, []).append(in_line(job))
    return rows


def in_line(job: Job) -> Waiting:
    """The delivery of a job, and what decides its place."""
    return Waiting(job.delivery, job.priority, job.submitter_id)
