"""The dispatcher: sends queued jobs to the workers, and never makes anybody wait for a Redis that is away."""

import threading
from collections.abc import Callable, Sequence

import structlog
from redis.exceptions import RedisError

from millrace.broker.stock_broker import StockBroker
from millrace.clock import Clock
from millrace.jobs.job import Job

QUIET_SECONDS_AFTER_FAILURE = 1.0

log = structlog.get_logger(__name__)


class DramatiqDispatcher:
    """A `Dispatcher` on Dramatiq. Safe to share between threads.

    After a failure it sends nothing for a second, and then lets one caller alone find out whether Redis is back.
    What isn't sent meanwhile stays queued in SQL, where the scheduler finds it.
    """

    def __init__(self, broker: StockBroker, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock
        self._asking = threading.Lock()
        self._away = False
        self._quiet_until = 0.0

    def send(self, jobs: Sequence[Job]) -> None:
        """Send the deliveries of `jobs`, in order. Never raises."""
        self._try(lambda: self._put(jobs))

    def send_missing(self, jobs: Sequence[Job]) -> int:
        """Send those that the broker doesn't hold; how many that were (0 while Redis is away). Never raises."""
        return self._try(lambda: self._put(self._missing(jobs)))

    def _missing(self, jobs: Sequence[Job]) -> Sequence[Job]:
        held = self._broker.holds([(job.queue, job.delivery) for job in jobs])
        return [job for job, is_held in zip(jobs, held, strict=True) if not is_held]

    def _put(self, jobs: Sequence[Job]) -> int:
        for job in jobs:
            self._broker.put(job.queue, job.delivery)
        return len(jobs)

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
        except (RedisError, OSError) as error:
            self._quiet_until = self._clock.monotonic() + QUIET_SECONDS_AFTER_FAILURE
            if not self._away:
                self._away = True
                # The other idle connections are most likely dead as well; each would cost a failure of its own.
                self._broker.client.connection_pool.disconnect(inuse_connections=False)
                log.warning("redis_away", reason=str(error))
            return 0
        if self._away:
            self._away = False
            log.info("redis_back")
        return done
