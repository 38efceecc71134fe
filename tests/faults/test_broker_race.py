"""Several processes at both ends of the broker: each delivery starts exactly once, and nothing is left behind."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.redis_queues import PREFIX, RedisQueues
from millrace.jobs.job import Delivery
from millrace.queues.limits import QueueLimits
from tests.broker.conftest import open_epoch
from tests.faults.broker_ends import HELD_UP, OPEN, QUEUES, End, own_deliveries, rows, shared_deliveries, started
from tests.servers.leaky_socket import LeakySocket
from tests.waiting import wait_until

DRAIN_SECONDS = 40
LEFT_BEHIND = {"epoch", "taken", "limits", "wake", "arrivals", "rounds"}
"""What may stand when all is done: nothing of it starts a delivery, or keeps one from it."""

Start = Callable[..., End]
StartWorkers = Callable[..., list[End]]


@dataclass(frozen=True)
class Line:
    """The queues, and the notes of those who run what was in them."""

    redis: Redis
    queues: RedisQueues
    url: str
    notes: Path

    def starts(self) -> Counter[str]:
        """How often each job was started."""
        return Counter(job_id for file in self.notes.iterdir() for job_id in file.read_text().splitlines())

    def is_empty(self) -> bool:
        """Whether nothing waits, and nothing was taken that isn't acknowledged."""
        counts = [self.queues.counts(queue) for queue in QUEUES]
        return not any(sum(count.waiting.values()) + count.started for count in counts)

    def kinds_of_keys(self) -> set[str]:
        return {key.decode().removeprefix(PREFIX).split(":")[1] for key in self.redis.scan_iter(count=1_000)}


@pytest.fixture
def line(redis_url: str, tmp_path: Path) -> Iterator[Line]:
    with connect(redis_url) as client:
        queues = RedisQueues(client)
        open_epoch(client, queues)
        notes = tmp_path / "notes"
        notes.mkdir()
        yield Line(client, queues, redis_url, notes)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process at one end of the broker."""
    with ExitStack() as stack:
        yield lambda part, **options: stack.enter_context(started(part, tmp_path / "log", **options))


@pytest.fixture
def start_workers(line: Line, start: Start) -> StartWorkers:
    """Starts four processes that run deliveries, and waits for them. The first may reach Redis by another URL."""

    def start_four(first_url: str = line.url, **options: int) -> list[End]:
        urls = [first_url, line.url, line.url, line.url]
        ends = [start("work", url=url, file=str(line.notes / f"p{n}"), **options) for n, url in enumerate(urls)]
        for end in ends:
            end.await_ready()
        return ends

    return start_four


def end_all(ends: list[End]) -> None:
    for end in ends:
        end.go()
    for end in ends:
        end.await_success()


def not_started_once(starts: Counter[str], sent: list[Delivery]) -> dict[str, int]:
    """How often each started that didn't start exactly once."""
    return {name: starts[name] for name in {one.job_id for one in sent} | starts.keys() if starts[name] != 1}


PRODUCERS, OWN, SHARED = 4, 4_500, 2_000


def test_of_four_producers_and_four_workers_each_delivery_starts_exactly_once(
    line: Line, start: Start, start_workers: StartWorkers
) -> None:
    line.queues.limit(HELD_UP, QueueLimits(paused=True))
    workers = start_workers(workers=1, threads=8)
    producers = [start("produce", url=line.url, producer=n, own=OWN, shared=SHARED) for n in range(PRODUCERS)]
    for producer in producers:
        producer.await_ready()
    end_all(producers)
    assert sum(line.queues.counts(HELD_UP).waiting.values()) == SHARED
    line.queues.limit(HELD_UP, QueueLimits(version=1))
    wait_until(line.is_empty, DRAIN_SECONDS, "the queues to be empty")
    end_all(workers)

    sent = [*shared_deliveries(SHARED), *(one for n in range(PRODUCERS) for one in own_deliveries(n, OWN))]
    assert len(sent) == 20_000
    assert not_started_once(line.starts(), sent) == {}
    assert line.kinds_of_keys() <= LEFT_BEHIND


KILLS, AT_WORK, BACKLOG = 300, 16, 200
KINDS = ("short",) * 290 + ("long",) * 10


@pytest.fixture
def leak(redis_url: str, tmp_path: Path) -> Iterator[LeakySocket]:
    leak = LeakySocket(tmp_path / "leaky.sock", redis_url.removeprefix("unix://"))
    yield leak
    leak.close()


def test_connections_that_are_killed_and_replies_that_are_lost_make_nothing_start_twice_or_never(
    line: Line, leak: LeakySocket, start_workers: StartWorkers
) -> None:
    workers = start_workers(f"unix://{leak.path}", workers=8, threads=2)
    random = Random(7)
    sent: list[Delivery] = []

    def many_are_at_work() -> bool:
        if sum(line.queues.counts(OPEN[0]).waiting.values()) < BACKLOG:
            batch = [Delivery(f"{OPEN[0]}-{kind}-{len(sent) + n:06}", 1) for n, kind in enumerate(KINDS)]
            line.queues.enqueue(OPEN[0], rows(batch, random))
            sent.extend(batch)
        return len(taking(line.redis)) >= AT_WORK

    killed = 0
    while killed < KILLS:
        wait_until(many_are_at_work)
        killed += kill_some(line.redis, random)
        leak.loses_replies = not leak.loses_replies
    leak.loses_replies = False
    wait_until(line.is_empty, DRAIN_SECONDS, "the queues to be empty")
    end_all(workers)

    # What a lost reply took is put back before it starts, and what is in hand isn't: as long as Redis forgets nothing,
    # a delivery starts once even where nothing above the broker would refuse a second start.
    assert not_started_once(line.starts(), sent) == {}
    assert line.kinds_of_keys() <= LEFT_BEHIND


def taking(redis: Redis) -> list[str]:
    """The connections by which workers last took or acknowledged something."""
    own = str(redis.client_id())
    return [one["id"] for one in redis.client_list(_type="normal") if one["cmd"] == "evalsha" and one["id"] != own]


def kill_some(redis: Redis, random: Random) -> int:
    """Kill those, and now and then whoever is connected; how many that were."""
    if random.random() < 0.1:
        return int(redis.client_kill_filter(_type="normal", skipme=True))
    return sum(int(redis.client_kill_filter(_id=one)) for one in taking(redis))
