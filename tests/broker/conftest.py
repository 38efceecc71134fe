"""Queues on a real Redis."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.fetcher import Fetcher
from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.broker.restoration import QueueRestoration
from millrace.clock import Clock, SystemClock
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority

START = datetime(2026, 1, 1, tzinfo=UTC)
Q = "q"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def queues(redis: Redis) -> RedisQueues:
    """Queues that nothing waits in, and that may be taken from."""
    queues = RedisQueues(redis)
    open_epoch(redis, queues)
    return queues


def open_epoch(redis: Redis, queues: RedisQueues) -> None:
    """Say that nothing is missing in the queues."""
    restoration = QueueRestoration(redis, queues)
    if restoration.is_needed():
        assert restoration.begin()
        assert restoration.finish()


class Hands:
    """A worker's hands, and a clock that stands still until it is told."""

    def __init__(self, redis: Redis) -> None:
        self.now = START
        self.queues = RedisQueues(redis, lambda: self.now)
        open_epoch(redis, self.queues)

    def send(self, *names: str, priority: Priority = Priority.NORMAL, by: str = "ada", queue: str = "q") -> None:
        self.queues.enqueue(queue, [Waiting(Delivery(name, 1), priority, by) for name in names])

    def take(self, wanted: int = 100, *done: str, queues: tuple[str, ...] = ("q",), worker: str = "w") -> list[str]:
        taken = self.queues.exchange(worker, wanted, [Delivery(name, 1) for name in done], queues)
        return [delivery.job_id for _, delivery in taken.deliveries]

    def remove(self, *names: str, by: str = "ada", queue: str = "q") -> int:
        rows = [Waiting(Delivery(name, 1), Priority.NORMAL, by) for name in names]
        return self.queues.remove(queue, rows)


@pytest.fixture
def hands(redis: Redis) -> Hands:
    return Hands(redis)


class Hand:
    """A worker's end of a fetcher: what was handed over, in order."""

    def __init__(self, queues: RedisQueues, worker_id: str, permits: int, names: Sequence[str], clock: Clock) -> None:
        self.given: list[str] = []
        self.fetcher = Fetcher(queues, worker_id, permits, names, self._take, clock)

    def _take(self, _queue: str, delivery: Delivery) -> None:
        self.given.append(delivery.job_id)

    def done(self, *names: str) -> None:
        for name in names:
            self.fetcher.acknowledge(Delivery(name, 1))


MakeHand = Callable[..., Hand]


@pytest.fixture
def hand(queues: RedisQueues) -> Iterator[MakeHand]:
    """Starts a fetcher; each is closed at the end."""
    with ExitStack() as stack:

        def make(
            permits: int = 2,
            worker_id: str = "w",
            on: RedisQueues = queues,
            names: Sequence[str] = (Q,),
            clock: Clock | None = None,
        ) -> Hand:
            made = Hand(on, worker_id, permits, names, clock or SystemClock())
            made.fetcher.start()
            stack.callback(made.fetcher.close)
            return made

        yield make


def send(queues: RedisQueues, *names: str, priority: Priority = Priority.NORMAL, queue: str = Q) -> None:
    queues.enqueue(queue, [Waiting(Delivery(name, 1), priority, "ada") for name in names])


def waiting(queues: RedisQueues) -> int:
    return sum(queues.counts(Q).waiting.values())
