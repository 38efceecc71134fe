"""The fetcher: takes what threads are free for, and loses nothing whatever becomes of its connection."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.fetcher import Fetcher
from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.clock import SystemClock
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from millrace.queues.limits import QueueLimits
from tests.servers.leaky_socket import LeakySocket
from tests.waiting import wait_until

Q = "q"


class Hand:
    """A worker's end of a fetcher: what was handed over, in order."""

    def __init__(self, queues: RedisQueues, worker_id: str, permits: int) -> None:
        self.given: list[str] = []
        self.fetcher = Fetcher(queues, worker_id, permits, [Q], self._take, SystemClock())

    def _take(self, queue: str, delivery: Delivery) -> None:
        assert queue == Q
        self.given.append(delivery.job_id)

    def done(self, *names: str) -> None:
        for name in names:
            self.fetcher.acknowledge(Delivery(name, 1))


MakeHand = Callable[..., Hand]


@pytest.fixture
def hand(queues: RedisQueues) -> Iterator[MakeHand]:
    """Starts a fetcher; each is closed at the end."""
    with ExitStack() as stack:

        def make(permits: int = 2, worker_id: str = "w", on: RedisQueues = queues) -> Hand:
            made = Hand(on, worker_id, permits)
            made.fetcher.start()
            stack.callback(made.fetcher.close)
            return made

        yield make


def send(queues: RedisQueues, *names: str, priority: Priority = Priority.NORMAL) -> None:
    queues.enqueue(Q, [Waiting(Delivery(name, 1), priority, "ada") for name in names])


def waiting(queues: RedisQueues) -> int:
    return sum(queues.counts(Q).waiting.values())


def test_nothing_is_taken_that_no_thread_is_free_for(queues: RedisQueues, hand: MakeHand) -> None:
    send(queues, "a", "b", "c", "d", "e")
    worker = hand(permits=2)
    wait_until(lambda: worker.given == ["a", "b"])
    assert waiting(queues) == 3
    worker.done("a")
    wait_until(lambda: worker.given == ["a", "b", "c"])
    assert queues.held_by("w") == {Delivery("b", 1), Delivery("c", 1)}


def test_a_job_that_comes_while_others_run_goes_to_a_free_thread(queues: RedisQueues, hand: MakeHand) -> None:
    worker = hand(permits=2)
    send(queues, "long")
    wait_until(lambda: worker.given == ["long"])
    send(queues, "next")
    wait_until(lambda: worker.given == ["long", "next"], timeout=0.9)


def test_a_critical_job_overtakes_what_waits(queues: RedisQueues, hand: MakeHand) -> None:
    worker = hand(permits=1)
    send(queues, "running", "n1", "n2", priority=Priority.NORMAL)
    wait_until(lambda: worker.given == ["running"])
    send(queues, "critical", priority=Priority.CRITICAL)
    worker.done("running")
    wait_until(lambda: worker.given == ["running", "critical"])


def test_one_arrival_wakes_one_worker(queues: RedisQueues, hand: MakeHand, redis: Redis) -> None:
    workers = [hand(worker_id=f"w{number}") for number in range(4)]
    wait_until(lambda: redis.info("clients")["blocked_clients"] == 4)
    before = exchanges(redis)
    send(queues, "only")
    wait_until(lambda: sum(len(worker.given) for worker in workers) == 1, timeout=0.9)
    assert exchanges(redis) - before <= 3  # sent, taken, and at most one look that was due


ASKED_BY_TESTS = ("cmdstat_info", "cmdstat_config|resetstat")


def exchanges(redis: Redis) -> int:
    calls: int = redis.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]
    return calls


def test_whoever_is_told_and_has_no_thread_free_tells_the_next(queues: RedisQueues, hand: MakeHand) -> None:
    full = hand(permits=1, worker_id="full")
    wait_until(lambda: queues.counts(Q).started == 0)
    # The first is told of `a`; its listener waits on, or has been told of `b` as well when its only thread is busy.
    send(queues, "a")
    wait_until(lambda: full.given == ["a"])
    other = hand(permits=1, worker_id="other")
    for number in range(20):
        name = f"b{number}"
        send(queues, name)
        wait_until(lambda expected=number + 1: len(other.given) == expected, timeout=0.9)  # type: ignore[misc]
        other.done(name)
    assert full.given == ["a"]


def test_an_idle_worker_asks_less_than_twenty_times_a_second(queues: RedisQueues, hand: MakeHand, redis: Redis) -> None:
    hand(permits=8)
    wait_until(lambda: redis.info("clients")["blocked_clients"] == 1)
    redis.config_resetstat()
    wait_until(lambda: exchanges(redis) >= 3)
    calls = {name: stat["calls"] for name, stat in redis.info("commandstats").items() if name not in ASKED_BY_TESTS}
    assert sum(calls.values()) < 3 * 20


@pytest.mark.parametrize(
    "limits", [QueueLimits(paused=True), QueueLimits(concurrency=1), QueueLimits(rate=1, period=timedelta(seconds=30))]
)
def test_a_queue_that_lets_nothing_start_is_not_asked_in_a_loop(
    queues: RedisQueues, hand: MakeHand, redis: Redis, limits: QueueLimits
) -> None:
    queues.limit(Q, limits)
    worker = hand(permits=4)
    send(queues, *(f"j{number}" for number in range(10)))
    wait_until(lambda: limits.paused or len(worker.given) == 1)
    before = exchanges(redis)
    woken = redis.info("commandstats")["cmdstat_bzpopmin"]["calls"]
    wait_until(lambda: redis.info("commandstats")["cmdstat_bzpopmin"]["calls"] >= woken + 2)
    assert exchanges(redis) - before <= 4


def test_an_unpaused_queue_starts_at_once(queues: RedisQueues, hand: MakeHand) -> None:
    queues.limit(Q, QueueLimits(paused=True))
    worker = hand()
    send(queues, "a")
    queues.limit(Q, QueueLimits(version=1))
    wait_until(lambda: worker.given == ["a"], timeout=0.9)


def test_a_rate_limit_opens_on_time(queues: RedisQueues, hand: MakeHand) -> None:
    queues.limit(Q, QueueLimits(rate=1, period=timedelta(milliseconds=300)))
    worker = hand()
    send(queues, "a", "b")
    wait_until(lambda: worker.given == ["a"])
    wait_until(lambda: worker.given == ["a", "b"], timeout=0.6)


def test_the_slot_of_one_worker_that_ends_lets_another_start(queues: RedisQueues, hand: MakeHand) -> None:
    queues.limit(Q, QueueLimits(concurrency=1))
    first, second = hand(worker_id="w1", permits=1), hand(worker_id="w2", permits=1)
    send(queues, "a", "b")
    wait_until(lambda: len(first.given) + len(second.given) == 1)
    busy = first if first.given else second
    busy.fetcher.stop_taking()
    busy.done("a")
    wait_until(lambda: first.given + second.given in (["a", "b"], ["b", "a"]), timeout=0.9)


def test_a_delivery_that_was_sent_twice_is_run_once_and_keeps_its_slot(queues: RedisQueues, hand: MakeHand) -> None:
    worker = hand(permits=3)
    send(queues, "a")
    wait_until(lambda: worker.given == ["a"])
    send(queues, "a", "b")
    wait_until(lambda: worker.given == ["a", "b"])
    assert queues.counts(Q).started == 2


def test_after_redis_forgot_what_is_in_hand_is_not_run_again_by_its_own_worker(
    queues: RedisQueues, hand: MakeHand, redis: Redis
) -> None:
    worker = hand(permits=3)
    send(queues, "a")
    wait_until(lambda: worker.given == ["a"])
    redis.flushall()
    redis.set("{millrace}:epoch", 1)
    send(queues, "a", "b")
    wait_until(lambda: "b" in worker.given)
    assert worker.given == ["a", "b"]


def test_closing_puts_back_what_was_handed_over_and_not_started(queues: RedisQueues, hand: MakeHand) -> None:
    worker = hand(permits=2)
    send(queues, "a", "b", "c")
    wait_until(lambda: worker.given == ["a", "b"])
    worker.fetcher.stop_taking()
    worker.fetcher.return_unstarted([Delivery("b", 1)])
    worker.done("a")
    assert worker.fetcher.wait_until_idle(5)
    worker.fetcher.close()
    assert queues.held_by("w") == frozenset()
    assert queues.workers() == frozenset()
    assert [queues.position(Q, Delivery(name, 1)) for name in "bc"] == [0, 1]


def test_a_worker_that_stops_taking_takes_nothing_more(queues: RedisQueues, hand: MakeHand) -> None:
    worker = hand(permits=2)
    send(queues, "a")
    wait_until(lambda: worker.given == ["a"])
    worker.fetcher.stop_taking()
    send(queues, "b")
    worker.done("a")
    wait_until(lambda: queues.counts(Q).started == 0)
    assert worker.given == ["a"]
    assert waiting(queues) == 1


@pytest.fixture
def leak(redis_url: str, tmp_path: Path) -> Iterator[LeakySocket]:
    leak = LeakySocket(tmp_path / "leaky.sock", redis_url.removeprefix("unix://"))
    yield leak
    leak.close()


@pytest.fixture
def leaky_queues(leak: LeakySocket) -> Iterator[RedisQueues]:
    with connect(f"unix://{leak.path}") as client:
        yield RedisQueues(client)


def test_what_a_lost_reply_had_taken_and_acknowledged_is_put_back_and_freed_once(
    queues: RedisQueues, leaky_queues: RedisQueues, leak: LeakySocket, hand: MakeHand
) -> None:
    worker = hand(permits=1, on=leaky_queues)
    send(queues, "a", "b", "c")
    wait_until(lambda: worker.given == ["a"])
    leak.loses_replies = True
    worker.done("a")
    wait_until(lambda: queues.held_by("w") == {Delivery("b", 1)})
    assert worker.given == ["a"]
    leak.loses_replies = False
    wait_until(lambda: worker.given == ["a", "b"])
    assert queues.held_by("w") == {Delivery("b", 1)}
    assert queues.counts(Q).started == 1


def test_a_script_that_redis_does_not_know_any_more_is_given_again(
    queues: RedisQueues, hand: MakeHand, redis: Redis
) -> None:
    worker = hand(permits=2)
    send(queues, "a")
    wait_until(lambda: worker.given == ["a"])
    redis.script_flush()
    worker.done("a")
    send(queues, "b")
    wait_until(lambda: worker.given == ["a", "b"])
