"""Brings the queues back to what SQL says, after Redis was restarted or forgot.

An epoch stands while Redis holds all it should. It carries the run id of the Redis that it was written to, so one that
came back from its file, or a replica that took over, is known by it. Without an epoch nothing is taken or sent: limits
would not count what runs, and later jobs would overtake those that aren't back yet.
"""

from collections.abc import Iterable
from secrets import token_hex

from redis import Redis

from millrace.broker.dispatcher import by_queue, in_line
from millrace.broker.redis_queues import EPOCH, PREFIX, RedisQueues, ask, epoch_of, run_id_of
from millrace.jobs.job import Job

LOCK_SECONDS = 30

_LOCK, _WORKERS = f"{PREFIX}:restoring", f"{PREFIX}:workers"


class QueueRestoration:
    """Used by one thread: `is_needed`, `begin`, what there is, `finish`. All raise `BrokerUnavailable`.

    Of several processes that try at once, one restores. One that fails midway begins again.
    """

    def __init__(self, redis: Redis, queues: RedisQueues) -> None:
        self._redis = redis
        self._queues = queues
        self._name = token_hex(8)
        self._run_id = ""
        self._restored: set[str] = set()

    def is_needed(self) -> bool:
        """Whether Redis forgot, or is another one than when the epoch began."""
        return ask(self._is_needed)

    def begin(self) -> bool:
        """Let nothing be taken from now on; false where another process restores already, or has just done so."""
        return ask(self._begin)

    def add_running(self, jobs: Iterable[Job]) -> None:
        """Note what runs where."""
        self._queues.book((job.worker_id, job.queue, in_line(job)) for job in jobs if job.worker_id)

    def drop_running(self, jobs: Iterable[Job]) -> None:
        """Note that jobs which were added have ended."""
        for job in jobs:
            if job.worker_id:
                self._queues.exchange(job.worker_id, 0, [job.delivery], [])

    def add_queued(self, jobs: Iterable[Job]) -> int:
        """Put queued jobs in line, in order; how many weren't there."""
        ask(lambda: self._redis.expire(_LOCK, LOCK_SECONDS))
        rows = by_queue(jobs)
        self._restored.update(rows)
        return sum(self._queues.enqueue(queue, waiting, restores=True) for queue, waiting in rows.items())

    def finish(self) -> bool:
        """Let deliveries be taken; false where Redis forgot again meanwhile, so that all must be done again."""
        return self._queues.open_epoch(self._name, self._run_id, self._restored) and not self.is_needed()

    def _is_needed(self) -> bool:
        return epoch_of(self._redis) != run_id_of(self._redis)

    def _begin(self) -> bool:
        self._run_id = run_id_of(self._redis)
        is_first = self._redis.set(_LOCK, self._name, nx=True, ex=LOCK_SECONDS)
        if not is_first and self._redis.get(_LOCK) != self._name.encode():
            return False
        if not self._is_needed():  # another process was quicker
            self._redis.delete(_LOCK)
            return False
        self._redis.delete(EPOCH)
        # A part may be gone. What is booked is said anew by SQL, and by the workers for what they haven't claimed yet.
        for kind in ("slots", "held"):
            for key in self._redis.scan_iter(f"{PREFIX}:{kind}:*", count=1_000):
                self._redis.delete(key)
        self._redis.delete(_WORKERS)
        return True
