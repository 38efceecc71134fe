"""The fetcher takes what threads are free for, in the right order, and gives back what they don't start."""

from millrace.broker.redis_queues import RedisQueues
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from tests.broker.conftest import MakeHand, Q, send, waiting
from tests.waiting import wait_until


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


def test_a_delivery_that_was_sent_twice_is_run_once_and_keeps_its_slot(queues: RedisQueues, hand: MakeHand) -> None:
    worker = hand(permits=3)
    send(queues, "a")
    wait_until(lambda: worker.given == ["a"])
    send(queues, "a", "b")
    wait_until(lambda: worker.given == ["a", "b"])
    assert queues.counts(Q).started == 2


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
