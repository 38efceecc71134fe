"""The fetcher loses nothing, whatever becomes of its connection, of Redis, or of itself."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.fetcher import AUDIT_SECONDS
from millrace.broker.redis_queues import RedisQueues, Taken, Waiting
from millrace.clock import SystemClock
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from tests.broker.conftest import MakeHand, Q, send, waiting
from tests.servers.leaky_socket import LeakySocket
from tests.waiting import wait_until

pytestmark = pytest.mark.flow


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


class LeapingClock(SystemClock):
    """Real time, and what a test adds to it."""

    leap = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.leap


def test_a_worker_whose_threads_are_all_busy_compares_its_bookings_too(queues: RedisQueues, hand: MakeHand) -> None:
    clock = LeapingClock()
    clock.leap = -AUDIT_SECONDS + 0.5  # so that its audit falls due while the test looks
    worker = hand(permits=1, clock=clock)
    clock.leap = 0.0
    send(queues, "long")
    wait_until(lambda: worker.given == ["long"])
    queues.book([("w", Q, Waiting.running(Delivery("stale", 1)))])
    wait_until(lambda: queues.held_by("w") == {Delivery("long", 1)})
    assert queues.position(Q, Delivery("stale", 1)) == 0


def test_what_runs_is_booked_again_after_redis_forgot_it(queues: RedisQueues, hand: MakeHand, redis: Redis) -> None:
    clock = LeapingClock()
    clock.leap = -AUDIT_SECONDS + 0.5
    worker = hand(permits=1, clock=clock)
    clock.leap = 0.0
    send(queues, "long")
    wait_until(lambda: worker.given == ["long"])
    redis.flushall()
    wait_until(lambda: queues.held_by("w") == {Delivery("long", 1)})
    assert queues.counts(Q).started == 1


def test_what_a_call_brings_to_a_worker_that_stops_meanwhile_goes_back(queues: RedisQueues, hand: MakeHand) -> None:
    for turn in range(20):
        worker = hand(permits=4, worker_id=f"w{turn}")
        send(queues, *(f"t{turn}-{number}" for number in range(4)))
        worker.fetcher.stop_taking()
        assert wait_until(lambda of=worker: of.fetcher.wait_until_idle(0.01) or of.given)  # type: ignore[misc]
        worker.done(*worker.given)
        worker.fetcher.close()
        assert queues.held_by(f"w{turn}") == frozenset()
        assert waiting(queues) == 4 - len(worker.given)
        queues.remove(Q, [Waiting(Delivery(f"t{turn}-{number}", 1), Priority.NORMAL, "ada") for number in range(4)])


class Faulty(RedisQueues):
    """Queues with a bug that shows once in each call that is named."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.broken: set[str] = set()

    def exchange(self, worker_id: str, wanted: int, done: Sequence[Delivery], queues: Sequence[str]) -> Taken:
        self._break("exchange")
        return super().exchange(worker_id, wanted, done, queues)

    def await_wake(self, queues: Sequence[str], seconds: float) -> bool:
        self._break("await_wake")
        return super().await_wake(queues, seconds)

    def _break(self, name: str) -> None:
        if name in self.broken:
            self.broken.discard(name)
            raise AttributeError("a bug")


@pytest.mark.parametrize("call", ["exchange", "await_wake"])
@pytest.mark.usefixtures("queues")
def test_a_bug_that_shows_once_makes_no_worker_deaf(redis: Redis, hand: MakeHand, call: str) -> None:
    faulty = Faulty(redis)
    worker = hand(on=faulty)
    send(faulty, "a")
    wait_until(lambda: worker.given == ["a"])
    faulty.broken.add(call)
    wait_until(lambda: not faulty.broken)
    send(faulty, "b")
    wait_until(lambda: worker.given == ["a", "b"])
