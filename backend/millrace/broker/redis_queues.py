"""The queues in Redis: typed calls of the script in `dispatch/`, each atomic, none repeated by itself.

A queue is a sorted set of deliveries, scored by level and round: strict between levels, fair between submitters inside
one, first come first served for one submitter. What a call whose reply was lost has done shows in what Redis books on
the worker; what the worker doesn't hold of that is put back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from redis import Redis
from redis.exceptions import NoScriptError, RedisError

from millrace.errors import BrokerUnavailable
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from millrace.queues.limits import QueueCounts, QueueLimits

PREFIX = "{millrace}"
"""The beginning of every key; the braces make it a hash tag, which keeps all keys on one shard."""

EPOCH = f"{PREFIX}:epoch"
"""Stands, with the server's run id, while nothing is missing in the queues."""

ROWS_AT_ONCE = 1_000
"""Redis serves nobody else while a script runs, and Lua unpacks only so many values."""

T = TypeVar("T")
Row = TypeVar("Row")

_PARTS = ("queues.lua", "taking.lua", "commands.lua")
_SCRIPT = "\n".join((Path(__file__).parent / "dispatch" / name).read_text() for name in _PARTS)
_SCRIPT_SHA = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery on its way into a queue, and what decides its place."""

    delivery: Delivery
    priority: Priority
    submitter_id: str

    @classmethod
    def running(cls, delivery: Delivery) -> "Waiting":
        """One that runs, so that its place is of no importance any more."""
        return cls(delivery, Priority.NORMAL, "")


@dataclass(frozen=True, slots=True)
class Taken:
    """What an exchange brought: deliveries with their queues, and when a rate limit that held some back opens."""

    deliveries: tuple[tuple[str, Delivery], ...]
    opens_in: timedelta | None


class RedisQueues:
    """The waiting and started deliveries of every queue. Safe to share between threads.

    Every method raises `BrokerUnavailable` where Redis doesn't answer; what the call did is unknown then. A Redis that
    was restarted and doesn't know the script is given it again.
    """

    def __init__(self, redis: Redis, now: Callable[[], datetime] | None = None) -> None:
        """Args:
        now: Tells the time in place of Redis' own clock.
        """
        self._redis = redis
        self._now = now

    def enqueue(self, queue: str, rows: Iterable[Waiting], *, restores: bool = False) -> int:
        """Put deliveries in line, in order; how many weren't there. A newer attempt replaces the one before it.

        While the queues aren't complete nothing is put there but by whoever restores them.
        """
        added = 0
        for chunk in _chunks(rows):
            words = [word for row in chunk for word in (str(row.delivery), int(row.priority), row.submitter_id)]
            added += self._call("restore" if restores else "enqueue", queue, *words)
        return added

    def remove(self, queue: str, rows: Iterable[Waiting]) -> int:
        """Take deliveries out of the line; how many were in it."""
        removed = 0
        for chunk in _chunks(rows):
            words = [word for row in chunk for word in (str(row.delivery), row.submitter_id)]
            removed += self._call("remove", queue, *words)
        return removed

    def rescore(self, queue: str, row: Waiting) -> bool:
        """Give a waiting delivery another priority; whether it still waited."""
        return bool(self._call("rescore", queue, str(row.delivery), int(row.priority), row.submitter_id))

    def limit(self, queue: str, limits: QueueLimits) -> None:
        """Replace the limits of a queue, unless newer ones are known; they hold from the next start on."""
        period = "" if limits.period is None else int(limits.period / timedelta(milliseconds=1))
        words = (int(limits.paused), limits.concurrency or "", limits.rate or "", period)
        self._call("limit", queue, limits.version, *words)

    def exchange(self, worker_id: str, wanted: int, done: Sequence[Delivery], queues: Sequence[str]) -> Taken:
        """Acknowledge what is done and take up to `wanted` deliveries of `queues`, highest level first, in one call."""
        opens, *flat = self._call("exchange", worker_id, wanted, len(done), *map(str, done), *queues)
        words = [_text(word) for word in flat]
        pairs = zip(words[::2], map(Delivery.parse, words[1::2]), strict=True)
        return Taken(tuple(pairs), timedelta(milliseconds=opens) if opens >= 0 else None)

    def put_back(self, worker_id: str, deliveries: Iterable[Delivery]) -> int:
        """Return what a worker took and doesn't hold to the head of its level; how many were booked on it."""
        return sum(int(self._call("put_back", worker_id, *map(str, chunk))) for chunk in _chunks(deliveries))

    def forget(self, worker_id: str) -> int:
        """Put back all that is booked on a worker that is gone; how many that were."""
        return int(self._call("forget", worker_id))

    def book(self, rows: Iterable[tuple[str, str, Waiting]]) -> None:
        """Book what runs, each as (worker, queue, delivery)."""
        for chunk in _chunks(rows):
            words = (
                word
                for worker_id, queue, row in chunk
                for word in (worker_id, queue, str(row.delivery), int(row.priority))
            )
            self._call("book", *words)

    def held_by(self, worker_id: str) -> frozenset[Delivery]:
        """What is booked on a worker."""
        words = ask(lambda: self._redis.hkeys(_key("held", worker_id)))
        return frozenset(Delivery.parse(_text(word)) for word in words)

    def workers(self) -> frozenset[str]:
        """Every worker that took something and wasn't forgotten since."""
        return frozenset(map(_text, ask(lambda: self._redis.smembers(_key("workers")))))

    def await_wake(self, queues: Sequence[str], seconds: float) -> bool:
        """Wait until something can start in one of `queues`; false when the time is up. Whoever is told must take it,
        or pass it on: nobody else is told."""
        keys = [_key("wake", queue) for queue in queues]
        return ask(lambda: self._redis.bzpopmin(keys, seconds)) is not None

    def pass_on(self, queues: Sequence[str]) -> None:
        """Let somebody else be told of what can start in `queues`."""
        self._call("pass_on", *queues)

    def position(self, queue: str, delivery: Delivery) -> int | None:
        """How many stand before a delivery in its queue; None where it doesn't wait."""
        rank = ask(lambda: self._redis.zrank(_key("waiting", queue), str(delivery)))
        return rank if isinstance(rank, int) else None

    def counts(self, queue: str) -> QueueCounts:
        """How a queue stands."""
        started, *levels = self._call("count", queue)
        waiting = dict(zip(map(int, Priority), levels[::2], strict=True))
        since = zip(map(int, Priority), levels[1::2], strict=True)
        oldest = {level: datetime.fromtimestamp(second, UTC) for level, second in since if second >= 0}
        return QueueCounts(waiting, started, oldest)

    def drop_idle_connections(self) -> None:
        """Close connections that nobody uses just now; each is made anew when it is needed."""
        self._redis.connection_pool.disconnect(inuse_connections=False)

    def open_epoch(self, restored_by: str, run_id: str, queues: Iterable[str]) -> bool:
        """Say that `queues` are complete; false where Redis forgot who restored them, and more."""
        return bool(self._call("open_epoch", restored_by, run_id, *queues))

    def _call(self, command: str, *arguments: str | int) -> Any:
        now = "" if self._now is None else round(self._now().timestamp() * 1000)
        return ask(lambda: self._run(command, now, *arguments))

    def _run(self, *words: str | int) -> Any:
        try:
            return self._redis.evalsha(_SCRIPT_SHA, 1, PREFIX, *words)
        except NoScriptError:
            # A server that doesn't know the script has just been started, so its file may lack the last moments.
            if epoch_of(self._redis) not in (None, run_id_of(self._redis)):
                self._redis.delete(EPOCH)
            self._redis.script_load(_SCRIPT)
            return self._redis.evalsha(_SCRIPT_SHA, 1, PREFIX, *words)


def ask(question: Callable[[], T]) -> T:
    """What Redis answers.

    Raises:
        BrokerUnavailable: It doesn't; whether something was done is unknown.
    """
    try:
        return question()
    except (RedisError, OSError) as error:
        raise BrokerUnavailable from error


def run_id_of(redis: Redis) -> str:
    """What tells this run of the server from every other."""
    return str(redis.info("server")["run_id"])


def epoch_of(redis: Redis) -> str | None:
    """The run whose queues were complete; None where they aren't."""
    epoch = redis.get(EPOCH)
    return epoch.decode() if isinstance(epoch, bytes) else None


def _key(*words: str) -> str:
    return ":".join((PREFIX, *words))


def _text(word: bytes | str) -> str:
    return word.decode() if isinstance(word, bytes) else word


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while chunk := list(islice(rest, ROWS_AT_ONCE)):
        yield chunk
