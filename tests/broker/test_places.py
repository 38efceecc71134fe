"""Places that are given up and taken up again: nobody gains by it, and nobody pays for it."""

from datetime import timedelta

from redis import Redis

from millrace.broker.redis_queues import Waiting
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from millrace.queues.limits import QueueLimits
from tests.broker.conftest import START, Hands

HOUR = timedelta(hours=1)


def test_what_is_put_back_lets_no_newcomer_in_before_those_who_wait(hands: Hands) -> None:
    hands.send("old", by="cleo")
    assert hands.take(1) == ["old"]
    hands.now += timedelta(seconds=1)
    hands.send(*(f"a{number:03}" for number in range(100)), by="ada")
    hands.take(50, worker="other")
    hands.queues.forget("w")
    hands.send(*(f"b{number:03}" for number in range(100)), by="bob")

    taken = hands.take(41)
    assert taken[0] == "old"
    assert sum(name.startswith("a") for name in taken) == 20


def test_what_is_put_back_to_a_level_that_emptied_meanwhile_is_first_again(hands: Hands) -> None:
    hands.send(*(f"a{number:03}" for number in range(50)))
    hands.take(49, worker="other")
    assert hands.take(1) == ["a049"]
    hands.now += timedelta(seconds=5)
    hands.send(*(f"b{number}" for number in range(10)))
    hands.queues.forget("w")

    assert hands.queues.position("q", Delivery("a049", 1)) == 0


def test_jobs_that_were_withdrawn_put_their_submitter_behind_nobody(hands: Hands) -> None:
    names = [f"a{number:03}" for number in range(100)]
    hands.send("first", by="bob")
    hands.send(*names, by="ada")
    assert hands.remove(*names) == 100
    hands.send("wanted", by="ada")
    hands.send("b1", "b2", by="bob")

    assert hands.take() == ["first", "wanted", "b1", "b2"]


def test_a_job_that_changed_its_level_leaves_its_submitters_turn_on_the_old_one(hands: Hands) -> None:
    hands.send("first", by="bob")
    names = [f"a{number}" for number in range(5)]
    hands.send(*names, by="ada")
    for name in names:
        hands.queues.rescore("q", Waiting(Delivery(name, 1), Priority.LOW, "ada"))
    hands.send("wanted", by="ada")
    hands.send("b1", by="bob")

    assert hands.take() == ["first", "wanted", "b1", *names]


def test_whoever_waited_longest_is_known_after_many_were_withdrawn(hands: Hands) -> None:
    names = [f"a{number:03}" for number in range(300)]
    hands.send(*names)
    hands.now += HOUR
    hands.send("later")
    hands.remove(*names)

    assert hands.queues.counts("q").oldest_at == START + HOUR


def test_what_is_put_back_has_waited_since_it_came(hands: Hands) -> None:
    hands.send("a", "b")
    hands.now += HOUR
    hands.take(1)
    hands.queues.forget("w")

    assert hands.queues.counts("q").oldest == {int(Priority.NORMAL): START}


def test_a_changed_priority_forgets_no_waiting_time(hands: Hands) -> None:
    hands.send("a")
    hands.now += HOUR
    hands.queues.rescore("q", Waiting(Delivery("a", 1), Priority.LOW, "ada"))
    hands.send("b")

    assert hands.queues.counts("q").oldest == {int(Priority.LOW): START, int(Priority.NORMAL): START + HOUR}


def test_nothing_in_redis_grows_with_the_number_of_jobs_that_ended(hands: Hands, redis: Redis) -> None:
    hands.send("low", priority=Priority.LOW)
    done: list[str] = []
    sizes = []
    for turn in range(10):
        for number in range(20):
            hands.send(f"c{turn}{number:02}", priority=Priority.CRITICAL, by=f"by{number % 3}")
        for _ in range(10):
            done = hands.take(2, *done)
        done = hands.take(0, *done)
        sizes.append(sum(int(redis.memory_usage(key) or 0) for key in redis.scan_iter()))
    assert max(sizes[1:]) <= sizes[0] * 1.1


def test_a_clock_that_was_set_back_closes_no_rate_limit(hands: Hands) -> None:
    hands.queues.limit("q", QueueLimits(rate=1, period=timedelta(seconds=10)))
    hands.send("a", "b")
    assert hands.take() == ["a"]
    hands.now -= HOUR

    assert hands.take() == ["b"]


def test_a_worker_that_held_very_much_is_forgotten_all_the_same(hands: Hands) -> None:
    rows = [("w", "q", Waiting.running(Delivery(f"j{number}", 1))) for number in range(9_000)]
    hands.queues.book(rows)

    assert hands.queues.forget("w") == 9_000
    assert hands.queues.workers() == frozenset()


def test_who_has_more_waiting_than_there_are_rounds_is_served_as_they_came(hands: Hands, redis: Redis) -> None:
    redis.hset("{millrace}:rounds:q:2", "ada", str(2**23 + 5))
    hands.send("head", by="bob")
    redis.hset("{millrace}:rounds:q:2", "ada", str(2**23 + 5))
    hands.send("a1", "a2")
    hands.now += timedelta(seconds=1)
    hands.send("a3")
    hands.send("low", priority=Priority.LOW)

    assert hands.take() == ["head", "a1", "a2", "a3", "low"]
