"""Brings the queues back to what SQL says, after Redis was restarted or forgot.

An epoch stands while Redis holds all it should. It carries the run id of the Redis that it was written to, so one that
came back from its file, or a replica that took over, is known by it. Without an epoch nothing is taken: limits would
not count what runs, and later jobs would overtake those that aren't back yet.
"""

from collections.abc import Iterable
from contextlib import suppress
from secrets import token_hex

from redis import Redis
from redis.exceptions import RedisError

from millrace.broker.dispatcher import in_line, put_in_line
from millrace.broker.redis_queues import PREFIX, RedisQueues
from millrace.errors import BrokerUnavailable
from millrace.jobs.job import Job

LOCK_SECONDS = 10


class QueueRestoration:
    """Used by one thread: `is_needed`, `begin`, what there is, `finish`. All raise `BrokerUnavailable`.

    Of several processes that try at once, one restores.
    """

    def __init__(self, redis: Redis, queues: RedisQueues) -> None:
        self._redis = redis
        self._queues = queues
        self._name = token_hex(8)

    def is_needed(self) -> bool:
        """Whether Redis forgot, or is another one than when the epoch began."""
        try:
            return self._epoch() != self._run_id()
        except (RedisError, OSError) as error:
            raise BrokerUnavailable from error

    def begin(self) -> bool:
        """Let nothing be taken from now on; false where another process restores already."""
        try:
            if not self._redis.set(f"{PREFIX}:restoring", self._name, nx=True, ex=LOCK_SECONDS):
                return False
            self._redis.delete(f"{PREFIX}:epoch")
        except (RedisError, OSError) as error:
            raise BrokerUnavailable from error
        return True

    def add_running(self, jobs: Iterable[Job]) -> None:
        """Note what runs where."""
        self._queues.book((job.worker_id, job.queue, in_line(job)) for job in jobs if job.worker_id)

    def add_queued(self, jobs: Iterable[Job]) -> int:
        """Put queued jobs in line, in order; how many weren't there."""
        with suppress(RedisError, OSError):  # a lock that ends too early shows when it is finished
            self._redis.expire(f"{PREFIX}:restoring", LOCK_SECONDS)
        return put_in_line(self._queues, jobs)

    def finish(self) -> bool:
        """Let deliveries be taken; false where Redis forgot again meanwhile, so that all must be done again."""
        return self._queues.open_epoch(self._name, self._run_id())

    def _epoch(self) -> str | None:
        epoch = self._redis.get(f"{PREFIX}:epoch")
        return epoch.decode() if isinstance(epoch, bytes) else None

    def _run_id(self) -> str:
        return str(self._redis.info("server")["run_id"])
