"""Who counts as lost: only a worker whose counter was seen standing still, without a gap, for long enough."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from millrace.errors import BrokerUnavailable, DatabaseUnavailable
from millrace.queues.worker import LOST_AFTER_SECONDS
from millrace.scheduler.sweeps.rescue_lost import BROKER_REST_SECONDS, LONGEST_GAP_SECONDS, RescueLost, Watch
from tests.clocks import HandClock

ANSWER_SECONDS = 5
"""How long somebody who asks waits for a broker that hangs."""

NOBODY: frozenset[str] = frozenset()


def readings(watch: Watch, seconds: list[float], beats: Mapping[str, int]) -> list[str]:
    """What the last of several readings finds lost."""
    lost: list[str] = []
    for now in seconds:
        lost = list(watch.lost(now, beats, NOBODY))
    return lost


def test_a_worker_whose_counter_stands_still_is_lost_after_six_seconds() -> None:
    watch = Watch()
    assert readings(watch, [0, 2, 4, 5.9], {"w": 7}) == []
    assert readings(watch, [LOST_AFTER_SECONDS], {"w": 7}) == ["w"]


def test_a_worker_that_beats_is_never_lost() -> None:
    watch = Watch()
    assert not any(watch.lost(second, {"w": second}, NOBODY) for second in range(60))


def test_a_slow_worker_is_counted_anew_with_each_beat() -> None:
    watch = Watch()
    assert not any(watch.lost(second, {"w": second // 5}, NOBODY) for second in range(60))


def test_a_gap_between_two_readings_starts_the_count_anew() -> None:
    watch = Watch()
    gap = 5 + LONGEST_GAP_SECONDS + 0.1
    assert readings(watch, [0, 3, 5, gap], {"w": 7}) == []
    assert readings(watch, [gap + 3, gap + 5.9], {"w": 7}) == []
    assert readings(watch, [gap + 6], {"w": 7}) == ["w"]


def test_a_worker_that_is_booked_but_not_registered_is_lost_after_six_seconds() -> None:
    watch = Watch()
    for now in (0, 3, 5.9):
        assert watch.lost(now, {}, frozenset({"ghost"})) == []
    assert watch.lost(6, {}, frozenset({"ghost"})) == ["ghost"]


def test_a_worker_that_registers_after_its_first_claim_was_seen_is_not_lost() -> None:
    watch = Watch()
    watch.lost(0, {}, frozenset({"w"}))
    watch.lost(3, {}, frozenset({"w"}))
    assert watch.lost(6, {"w": 0}, frozenset({"w"})) == []


@dataclass
class FakeShop:
    """Jobs, workers and the broker at their ports: counters as the test sets them, and who was rescued."""

    counters: dict[str, int] = field(default_factory=dict)
    booked: set[str] = field(default_factory=set)
    is_away: bool = False
    is_read_only: bool = False
    rescued: list[str] = field(default_factory=list)
    booked_at_the_broker: set[str] = field(default_factory=set)
    is_broker_away: bool = False
    forgotten: list[str] = field(default_factory=list)

    def workers(self) -> frozenset[str]:
        if self.is_broker_away:
            raise BrokerUnavailable
        return frozenset(self.booked_at_the_broker)

    def forget(self, worker_id: str) -> int:
        if self.is_broker_away:
            raise BrokerUnavailable
        self.forgotten.append(worker_id)
        self.booked_at_the_broker.discard(worker_id)
        return 1

    def running_workers(self) -> frozenset[str]:
        return frozenset(self.booked)

    def beats(self) -> Mapping[str, int]:
        if self.is_away:
            raise DatabaseUnavailable
        return dict(self.counters)

    def rescue_from(self, worker_id: str) -> int:
        if self.is_read_only:
            raise DatabaseUnavailable
        self.rescued.append(worker_id)
        self.booked.discard(worker_id)
        return 1

    def deregister(self, worker_id: str) -> None:
        self.counters.pop(worker_id, None)


@dataclass
class HangingShop(FakeShop):
    """Its broker answers nothing, and takes its time over that."""

    clock: HandClock = field(kw_only=True)

    def workers(self) -> frozenset[str]:
        self.clock.seconds += ANSWER_SECONDS
        raise BrokerUnavailable

    def forget(self, worker_id: str) -> int:
        self.clock.seconds += ANSWER_SECONDS
        raise BrokerUnavailable


def sweep_for(sweep: RescueLost, clock: HandClock, seconds: int) -> None:
    for _ in range(seconds):
        sweep.run_once()
        clock.seconds += 1


def test_a_lost_worker_is_emptied_once_and_its_record_removed() -> None:
    shop, clock = FakeShop({"w": 7}, {"w"}), HandClock()
    sweep_for(RescueLost(shop, shop, shop, clock), clock, 20)
    assert shop.rescued == ["w"]
    assert shop.counters == {}


def test_an_outage_of_the_database_rescues_nobody() -> None:
    shop, clock = FakeShop({"w": 7}, {"w"}), HandClock()
    sweep = RescueLost(shop, shop, shop, clock)
    sweep_for(sweep, clock, 5)
    shop.is_away = True
    with pytest.raises(DatabaseUnavailable):
        sweep.run_once()
    shop.is_away = False
    clock.seconds += 1
    sweep_for(sweep, clock, 6)
    assert shop.rescued == []


def test_a_database_that_took_no_writes_starts_the_count_anew() -> None:
    shop, clock = FakeShop({"w": 7}, {"w"}), HandClock()
    sweep = RescueLost(shop, shop, shop, clock)
    shop.is_read_only = True
    sweep_for(sweep, clock, 6)
    with pytest.raises(DatabaseUnavailable):
        sweep.run_once()
    shop.is_read_only = False
    sweep_for(sweep, clock, 6)
    assert shop.rescued == []


def test_a_worker_that_comes_back_after_its_rescue_is_counted_anew() -> None:
    shop, clock = FakeShop({"w": 0}, {"w"}), HandClock()
    sweep = RescueLost(shop, shop, shop, clock)
    sweep_for(sweep, clock, 7)
    assert shop.rescued == ["w"]
    shop.counters["w"] = 0
    sweep_for(sweep, clock, 5)
    assert shop.rescued == ["w"]


def test_what_the_broker_books_on_a_lost_worker_is_put_back_even_if_it_never_registered() -> None:
    shop, clock = FakeShop(booked_at_the_broker={"ghost"}), HandClock()
    sweep_for(RescueLost(shop, shop, shop, clock), clock, 7)
    assert shop.forgotten == ["ghost"]


def test_jobs_of_all_lost_workers_are_rescued_within_seconds_while_the_broker_hangs() -> None:
    clock = HandClock()
    shop = HangingShop({"v": 7, "w": 7}, {"v", "w"}, clock=clock)
    sweep = RescueLost(shop, shop, shop, clock)
    while clock.seconds < ANSWER_SECONDS + LOST_AFTER_SECONDS + 1:
        sweep.run_once()
        clock.seconds += 1
    assert sorted(shop.rescued) == ["v", "w"]


def test_a_worker_that_dies_at_any_moment_is_rescued_while_the_broker_hangs() -> None:
    for dies_at in range(40):
        clock = HandClock()
        shop = HangingShop({}, {"w"}, clock=clock)
        sweep = RescueLost(shop, shop, shop, clock)
        while not shop.rescued:
            shop.counters["w"] = min(int(clock.seconds), dies_at)
            sweep.run_once()
            clock.seconds += 1
        assert LOST_AFTER_SECONDS <= clock.seconds - dies_at <= 2 * (ANSWER_SECONDS + LOST_AFTER_SECONDS)


def test_jobs_are_rescued_while_the_broker_is_away_and_its_bookings_put_back_after() -> None:
    shop, clock = FakeShop({"w": 7}, {"w"}, booked_at_the_broker={"w"}, is_broker_away=True), HandClock()
    sweep = RescueLost(shop, shop, shop, clock)
    sweep_for(sweep, clock, 7)
    assert (shop.rescued, shop.forgotten) == (["w"], [])
    shop.is_broker_away = False
    sweep_for(sweep, clock, int(BROKER_REST_SECONDS) + 7)
    assert shop.forgotten == ["w"]
