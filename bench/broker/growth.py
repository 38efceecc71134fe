"""Part 4, growth: what an operation costs, and a waiting job weighs, as the backlog grows. On the queues themselves."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from redis import Redis

from bench.broker.engines.millrace import QUEUE, delivery, open_queues
from bench.broker.percentiles import percentile
from bench.broker.plan import Plan
from bench.broker.server import redis_server
from millrace.broker.connection import connect
from millrace.broker.redis_queues import ROWS_AT_ONCE, RedisQueues, Waiting
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority

SUBMITTERS = 100
ROUNDS = 5
"""Operations take turns in so many rounds, so that the backlog stays about as long as it is said to be."""


def measure(plan: Plan) -> list[dict[str, Any]]:
    """One run: a row for each backlog, on a fresh Redis."""
    return [_at(backlog, plan) for backlog in plan.backlogs]


def _at(backlog: int, plan: Plan) -> dict[str, Any]:
    with redis_server() as server, connect(server.url) as redis:
        queues = open_queues(redis)
        _warm_up(queues)
        empty = _used_memory(redis)
        filled = _fill(queues, backlog)
        result: dict[str, Any] = {
            "waiting": backlog,
            "bytes_per_job": (_used_memory(redis) - empty) / backlog,
            "filled_per_second": backlog / filled,
        }
        operations = _Operations(queues, backlog)
        each = plan.operations // ROUNDS
        samples: dict[str, list[float]] = {}
        computed: dict[str, float] = {}
        for _ in range(ROUNDS):
            for name, operate in operations.by_name():
                redis.config_resetstat()
                samples.setdefault(name, []).extend(_timed(operate, each))
                computed[name] = computed.get(name, 0) + _microseconds_of_commands(redis)
        for name, microseconds in samples.items():
            result[name] = {
                "p50": percentile(microseconds, 0.5),
                "p99": percentile(microseconds, 0.99),
                "redis": computed[name] / len(microseconds),
            }
        return result


class _Operations:
    """What is timed. Enqueueing and taking balance each other."""

    def __init__(self, queues: RedisQueues, backlog: int) -> None:
        self._queues = queues
        self._chance = random.Random(backlog)
        self._next = backlog
        self._done: list[Delivery] = []
        self._taken: set[Delivery] = set()

    def by_name(self) -> Iterator[tuple[str, Callable[[], object]]]:
        yield "enqueue", self.enqueue
        yield "position", self.position
        yield "rescore", self.rescore
        yield "take_and_acknowledge", self.take_and_acknowledge

    def enqueue(self) -> None:
        self._queues.enqueue(QUEUE, [waiting(self._next, self._chance)])
        self._next += 1

    def position(self) -> None:
        self._queues.position(QUEUE, delivery(self._number()))

    def rescore(self) -> None:
        self._queues.rescore(QUEUE, waiting(self._number(), self._chance))

    def take_and_acknowledge(self) -> None:
        taken = self._queues.exchange("worker", 1, self._done, [QUEUE])
        self._done = [delivery for _, delivery in taken.deliveries]
        self._taken.update(self._done)

    def _number(self) -> int:
        """Of any job that waits."""
        while delivery(number := self._chance.randrange(self._next)) in self._taken:
            pass
        return number


def waiting(number: int, chance: random.Random) -> Waiting:
    """A job of any submitter, on any level."""
    submitter = f"018bcfe5-6800-7abc-8def-{chance.randrange(SUBMITTERS):012x}"
    return Waiting(delivery(number), chance.choice(list(Priority)), submitter)


def _warm_up(queues: RedisQueues) -> None:
    """Let Redis load the script and make its buffers, which no job weighs."""
    rows = [waiting(number, random.Random(0)) for number in range(ROWS_AT_ONCE)]
    queues.enqueue("warm-up", rows)
    queues.remove("warm-up", rows)


def _fill(queues: RedisQueues, backlog: int) -> float:
    chance = random.Random(0)
    begun = time.monotonic()
    queues.enqueue(QUEUE, (waiting(number, chance) for number in range(backlog)))
    return time.monotonic() - begun


def _timed(operate: Callable[[], object], times: int) -> Iterator[float]:
    for _ in range(times):
        begun = time.perf_counter()
        operate()
        yield (time.perf_counter() - begun) * 1e6


def _used_memory(redis: Redis) -> int:
    return int(redis.info("memory")["used_memory"])


def _microseconds_of_commands(redis: Redis) -> float:
    """What the server spent on the scripts and commands that were sent to it; a script's own calls aren't counted."""
    stats = redis.info("commandstats")
    return float(sum(stats[name]["usec"] for name in ("cmdstat_evalsha", "cmdstat_zrank") if name in stats))
