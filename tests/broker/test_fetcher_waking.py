"""The fetcher waits without asking, and is woken when something can start: one worker, at once."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from redis import Redis

from millrace.broker.redis_queues import RedisQueues
from millrace.jobs.job import Delivery
from millrace.queues.limits import QueueLimits
from tests.broker.conftest import MakeHand, Q, send
from tests.waiting import wait_until

pytestmark = pytest.mark.flow


class Counting(RedisQueues):
    """Queues that count how often a waiter was told that something can start, and how often it waited in vain."""

    told = 0
    in_vain = 0

    def await_wake(self, queues: Sequence[str], seconds: float) -> bool:
        is_told = super().await_wake(queues, seconds)
        self.told += is_told
        self.in_vain += not is_told
        return is_told


@pytest.mark.usefixtures("queues")
def test_one_arrival_wakes_one_worker(hand: MakeHand, redis: Redis) -> None:
    counting = Counting(redis)
    workers = [hand(worker_id=f"w{number}", on=counting) for number in range(4)]
    wait_until(lambda: redis.info("clients")["blocked_clients"] == 4)
    send(counting, "only")
    wait_until(lambda: sum(len(worker.given) for worker in workers) == 1, timeout=0.9)
    in_vain = counting.in_vain
    wait_until(lambda: counting.in_vain >= in_vain + 4)
    assert counting.told == 1


ASKED_BY_TESTS = ("cmdstat_info", "cmdstat_config|resetstat")


def exchanges(redis: Redis) -> int:
    calls: int = redis.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]
    return calls


def test_whoever_is_told_and_has_no_thread_free_tells_the_next(
    queues: RedisQueues, hand: MakeHand, redis: Redis
) -> None:
    queues.limit("r", QueueLimits(rate=1, period=timedelta(milliseconds=400)))
    send(queues, "r1", "r2", queue="r")
    queues.exchange("x", 1, [], ["r"])
    full = hand(permits=1, worker_id="full", names=(Q, "r"))
    # The rate opens and takes its only thread, while its listener still waits.
    wait_until(lambda: full.given == ["r2"])
    other = hand(permits=1, worker_id="other")
    wait_until(lambda: redis.info("clients")["blocked_clients"] == 2, timeout=0.5)
    send(queues, "b")
    wait_until(lambda: other.given == ["b"], timeout=0.9)


def test_many_that_arrive_together_wake_as_many_workers_as_it_takes(queues: RedisQueues, hand: MakeHand) -> None:
    workers = [hand(permits=2, worker_id=f"w{number}") for number in range(4)]
    send(queues, "first")
    wait_until(lambda: sum(len(worker.given) for worker in workers) == 1)
    send(queues, *(f"j{number}" for number in range(7)))
    wait_until(lambda: sum(len(worker.given) for worker in workers) == 8, timeout=0.9)


def test_what_is_put_back_wakes_another_worker(queues: RedisQueues, hand: MakeHand, redis: Redis) -> None:
    send(queues, "a")
    queues.exchange("lost", 1, [], [Q])
    worker = hand()
    wait_until(lambda: redis.info("clients")["blocked_clients"] == 1)
    queues.forget("lost")
    wait_until(lambda: worker.given == ["a"], timeout=0.9)


def test_a_slot_that_falls_free_wakes_those_who_serve_its_queue(
    queues: RedisQueues, hand: MakeHand, redis: Redis
) -> None:
    queues.limit(Q, QueueLimits(concurrency=1))
    send(queues, "a", "b")
    queues.exchange("elsewhere", 1, [], [Q])
    worker = hand()
    wait_until(lambda: redis.info("clients")["blocked_clients"] == 1)
    queues.exchange("elsewhere", 1, [Delivery("a", 1)], ["another queue"])
    wait_until(lambda: worker.given == ["b"], timeout=0.9)


def test_a_job_that_arrives_while_a_rate_is_closed_starts_when_it_opens(
    queues: RedisQueues, hand: MakeHand, redis: Redis
) -> None:
    queues.limit(Q, QueueLimits(rate=1, period=timedelta(milliseconds=300)))
    worker = hand()
    send(queues, "a")
    wait_until(lambda: worker.given == ["a"])
    worker.done("a")
    wait_until(lambda: redis.info("clients")["blocked_clients"] == 1)
    send(queues, "b")
    wait_until(lambda: worker.given == ["a", "b"], timeout=0.7)


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
