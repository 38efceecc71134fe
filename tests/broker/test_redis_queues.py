"""Places in line, limits and bookings, on a real Redis: each rule in a sentence."""

from datetime import timedelta

import pytest
from redis import Redis

from millrace.broker.redis_queues import Waiting
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from millrace.queues.limits import BadLimit, QueueLimits
from tests.broker.conftest import START, Hands, open_epoch

SECOND = timedelta(seconds=1)


def test_levels_are_strict_and_a_submitters_own_jobs_keep_their_order(hands: Hands) -> None:
    hands.send("low", priority=Priority.LOW)
    hands.send("n1", "n2")
    hands.send("critical", priority=Priority.CRITICAL)
    hands.send("n3")

    assert hands.take() == ["critical", "n1", "n2", "n3", "low"]


def test_submitters_take_turns_inside_a_level(hands: Hands) -> None:
    hands.send("a1", "a2", "a3", "a4", by="ada")
    hands.send("b1", "b2", by="bob")

    assert hands.take() == ["a1", "b1", "a2", "b2", "a3", "a4"]


def test_who_comes_late_takes_turns_from_then_on_and_neither_overtakes_nor_waits_for_all(hands: Hands) -> None:
    hands.send(*(f"a{number}" for number in range(6)), by="ada")
    assert hands.take(3) == ["a0", "a1", "a2"]
    hands.send("b0", "b1", by="bob")

    assert hands.take() == ["a3", "b0", "a4", "b1", "a5"]


def test_yesterdays_backlog_doesnt_count_against_its_submitter_once_the_line_was_empty(hands: Hands) -> None:
    hands.send(*(f"a{number}" for number in range(50)), by="ada")
    hands.take()
    hands.send("b0", "b1", by="bob")
    hands.send("a50", by="ada")

    assert hands.take() == ["a50", "b0", "b1"]


def test_adding_what_waits_already_changes_nothing(hands: Hands) -> None:
    hands.send("a", "b")
    hands.send("a")

    assert hands.take() == ["a", "b"]


def test_a_newer_attempt_replaces_the_one_before_it(hands: Hands) -> None:
    hands.send("a")
    hands.queues.enqueue("q", [Waiting(Delivery("a", 2), Priority.NORMAL, "ada")])

    taken = hands.queues.exchange("w", 9, [], ["q"]).deliveries
    assert taken == (("q", Delivery("a", 2)),)


def test_no_more_is_taken_than_was_wanted(hands: Hands) -> None:
    hands.send("a", "b", "c")

    assert hands.take(2) == ["a", "b"]
    assert hands.take(0) == []
    assert hands.take(2) == ["c"]


def test_what_is_removed_is_never_taken(hands: Hands) -> None:
    hands.send("a", "b")
    assert hands.remove("a", "gone") == 1

    assert hands.take() == ["b"]


def test_a_changed_priority_moves_what_waits_and_nothing_else(hands: Hands) -> None:
    hands.send("a", "b")
    assert hands.queues.rescore("q", Waiting(Delivery("b", 1), Priority.HIGH, "ada"))
    assert not hands.queues.rescore("q", Waiting(Delivery("gone", 1), Priority.HIGH, "ada"))

    assert hands.take() == ["b", "a"]


def test_a_place_in_line_counts_what_stands_before_it(hands: Hands) -> None:
    hands.send("a", "b")
    hands.send("first", priority=Priority.HIGH)

    assert [hands.queues.position("q", Delivery(name, 1)) for name in ("first", "b", "gone")] == [0, 2, None]


def test_counts_tell_levels_what_started_and_since_when_the_first_waits(hands: Hands) -> None:
    hands.send("a", "b")
    hands.now += SECOND
    hands.send("low", priority=Priority.LOW)
    hands.take(1)
    counts = hands.queues.counts("q")

    assert counts.waiting == {Priority.CRITICAL: 0, Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 1}
    assert (counts.started, counts.oldest_at) == (1, START)
    assert hands.queues.counts("empty").oldest_at is None


def test_every_twentieth_start_goes_to_what_waited_longest_once_that_is_over_ten_minutes(hands: Hands) -> None:
    hands.send("old", priority=Priority.LOW)
    hands.now += timedelta(minutes=11)
    hands.send(*(f"c{number:02}" for number in range(60)), priority=Priority.CRITICAL)

    assert hands.take(40).index("old") == 19


def test_nobody_is_let_through_for_waiting_less_than_ten_minutes(hands: Hands) -> None:
    hands.send("young", priority=Priority.LOW)
    hands.now += timedelta(minutes=9)
    hands.send(*(f"c{number:02}" for number in range(60)), priority=Priority.CRITICAL)

    assert "young" not in hands.take(60)


def test_the_highest_level_of_all_queues_comes_first_and_equals_take_turns(hands: Hands) -> None:
    hands.send("x1", "x2", "x3", queue="x")
    hands.send("y1", "y2", "y3", queue="y")
    hands.send("y0", priority=Priority.HIGH, queue="y")
    taken = hands.take(queues=("x", "y"))

    assert taken[0] == "y0"
    assert {name[0] for name in taken[1:3]} == {name[0] for name in taken[3:5]} == {"x", "y"}


def test_nothing_starts_from_a_paused_queue_until_it_goes_on(hands: Hands) -> None:
    hands.send("a")
    hands.queues.limit("q", QueueLimits(paused=True))
    assert hands.take() == []
    hands.queues.limit("q", QueueLimits())
    assert hands.take() == ["a"]


def test_no_more_start_at_once_than_the_limit_and_an_acknowledgement_frees_a_slot(hands: Hands) -> None:
    hands.send("a", "b", "c")
    hands.queues.limit("q", QueueLimits(concurrency=2))

    assert hands.take() == ["a", "b"]
    assert hands.take(5, "a") == ["c"]


def test_a_limit_counts_what_started_before_it_was_set(hands: Hands) -> None:
    hands.send("a", "b")
    hands.take(1)
    hands.queues.limit("q", QueueLimits(concurrency=1))

    assert hands.take() == []


def test_no_period_sees_more_starts_than_the_rate_limit_allows(hands: Hands) -> None:
    hands.queues.limit("q", QueueLimits(rate=2, period=10 * SECOND))
    hands.send("a", "b", "c", "d")
    assert hands.take(1) == ["a"]
    hands.now += 6 * SECOND
    assert hands.take() == ["b"]

    barred = hands.queues.exchange("w", 9, [], ["q"])
    assert (barred.deliveries, barred.opens_in) == ((), 4 * SECOND)
    hands.now += 4 * SECOND
    assert hands.take() == ["c"]


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"rate": -1, "period": SECOND}, {"rate": 5}, {"period": SECOND}])
def test_a_limit_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadLimit):
        QueueLimits(**wrong)  # type: ignore[arg-type]


def test_what_a_lost_reply_brought_is_put_back_where_it_stood(hands: Hands) -> None:
    hands.send("a", "b", "c")
    hands.take(2)
    lost = hands.queues.held_by("w")

    assert hands.queues.put_back("w", lost) == 2
    assert hands.queues.put_back("w", lost) == 0
    assert hands.take() == ["a", "b", "c"]


def test_a_late_acknowledgement_frees_nobody_elses_slot(hands: Hands) -> None:
    hands.queues.limit("q", QueueLimits(concurrency=1))
    hands.send("a")
    assert hands.take(1, worker="lost") == ["a"]
    assert hands.queues.forget("lost") == 1
    hands.send("a", "b")
    assert hands.take(1, worker="new") == ["a"]
    hands.take(0, "a", worker="lost")

    assert hands.take(1, worker="third") == []


def test_nothing_is_sent_or_taken_before_the_epoch_and_after_redis_forgot(hands: Hands, redis: Redis) -> None:
    hands.send("a")
    redis.flushall()
    hands.send("a")
    assert hands.take() == []
    open_epoch(redis, hands.queues)
    assert hands.take() == []
    hands.send("a")
    assert hands.take() == ["a"]


def test_a_script_that_redis_doesnt_know_any_more_is_given_again(hands: Hands, redis: Redis) -> None:
    hands.send("a")
    redis.script_flush()

    assert hands.take() == ["a"]


def test_a_waiter_is_told_only_while_something_can_start(hands: Hands, redis: Redis) -> None:
    def is_told() -> bool:
        return redis.delete("{millrace}:wake:q") == 1

    hands.queues.limit("q", QueueLimits(paused=True))
    hands.send("a", "b")
    assert not is_told()
    hands.queues.limit("q", QueueLimits(concurrency=1))
    assert is_told()
    hands.take(1)
    assert not is_told()
    hands.take(0, "a")
    assert is_told()
    hands.take(1)
    hands.take(0, "b")
    assert not is_told()


def test_all_keys_share_a_hash_tag(hands: Hands, redis: Redis) -> None:
    hands.send("a", "b")
    hands.queues.limit("q", QueueLimits(rate=5, period=SECOND))
    hands.take(1)

    keys = list(redis.scan_iter())
    assert len(keys) >= 8
    assert all(key.startswith(b"{millrace}:") for key in keys)


def test_limits_that_are_older_than_those_known_change_nothing(hands: Hands) -> None:
    hands.queues.limit("q", QueueLimits(paused=True, version=2))
    hands.queues.limit("q", QueueLimits(version=1))
    hands.send("a")
    assert hands.take(1) == []
    hands.queues.limit("q", QueueLimits(version=3))
    assert hands.take(1) == ["a"]
