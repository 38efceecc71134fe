"""The dispatcher: sends queued jobs to the workers, and never makes anybody wait for a Redis that is away."""

import threading
from collections.abc import Callable, Iterable, Sequence

import structlog

from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.clock import Clock
from millrace.errors import BrokerUnavailable
from millrace.jobs.job import Delivery, Job

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
        return self._try(lambda: put_in_line(self._queues, jobs))

    def withdraw(self, jobs: Sequence[Job]) -> int:
        """Take jobs that must not start any more out of line; how many stood there. Never raises."""
        return self._try(lambda: self._remove(jobs))

    def _remove(self, jobs: Sequence[Job]) -> int:
        deliveries: dict[str, list[Delivery]] = {}
        for job in jobs:
            deliveries.setdefault(job.queue, []).append(job.delivery)
        return sum(self._queues.remove(queue, lost) for queue, lost in deliveries.items())

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


def put_in_line(queues: RedisQueues, jobs: Iterable[Job]) -> int:
    """Put jobs into their queues, in order; how many weren't there.

    Raises:
        BrokerUnavailable: Some may have been put there.
    """
    rows: dict[str, list[Waiting]] = {}
    for job in jobs:
        rows.setdefault(job.queue, []).append(in_line(job))
    return sum(queues.enqueue(queue, waiting) for queue, waiting in rows.items())


def in_line(job: Job) -> Waiting:
    """The delivery of a job, and what decides its place."""
    return Waiting(job.delivery, job.priority, job.submitter_id)
