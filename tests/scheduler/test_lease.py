"""A scheduler knows by itself when it must not work any more."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from millrace.errors import DatabaseUnavailable
from millrace.scheduler.lease import DURATION, NAME, Lease
from millrace.store.database import Database
from millrace.store.lease_store import SqlLeaseStore
from millrace.store.migrate import upgrade
from tests.clocks import HandClock
from tests.waiting import wait_until


class AwayAtTimes(SqlLeaseStore):
    """A lease store whose database is away when the test says so."""

    is_away = False

    def take(self, name: str, holder: str, duration: timedelta) -> bool:
        if self.is_away:
            raise DatabaseUnavailable
        return super().take(name, holder, duration)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[AwayAtTimes]:
    database = Database(sqlite_url)
    upgrade(database)
    yield AwayAtTimes(database)
    database.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def test_a_scheduler_holds_nothing_before_it_has_asked(store: AwayAtTimes, clock: HandClock) -> None:
    lease = Lease(store, "ada", clock)
    assert not lease.is_held
    lease.renew()
    assert lease.is_held


def test_one_that_was_stopped_for_longer_than_its_lease_finds_that_it_holds_nothing(
    store: AwayAtTimes, clock: HandClock
) -> None:
    lease = Lease(store, "ada", clock)
    lease.renew()
    clock.seconds += DURATION.total_seconds()
    assert not lease.is_held


def test_one_that_is_cut_off_works_until_its_lease_ends_and_no_longer(store: AwayAtTimes, clock: HandClock) -> None:
    lease = Lease(store, "ada", clock)
    lease.renew()
    store.is_away = True
    clock.seconds += 3
    lease.renew()
    assert lease.is_held
    clock.seconds += 3
    lease.renew()
    assert not lease.is_held


def test_one_that_is_cut_off_says_so_once_even_while_it_stands_by(store: AwayAtTimes, clock: HandClock) -> None:
    store.take(NAME, "bob", DURATION)
    lease = Lease(store, "ada", clock)
    store.is_away = True
    with capture_logs() as logs:
        lease.renew()
        lease.renew()
    assert [line["event"] for line in logs] == ["lease_not_renewed"]


class BrokenOnce(AwayAtTimes):
    """A lease store with a bug that shows in the first call."""

    calls = 0

    def take(self, name: str, holder: str, duration: timedelta) -> bool:
        self.calls += 1
        if self.calls == 1:
            raise AttributeError("a bug")
        return super().take(name, holder, duration)


def test_a_bug_that_shows_once_keeps_no_scheduler_from_work_for_good(
    sqlite_url: str, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.scheduler.lease.RENEW_SECONDS", 0.01)
    database = Database(sqlite_url)
    upgrade(database)
    lease, stopping = Lease(BrokenOnce(database), "ada", clock), threading.Event()
    keeper = threading.Thread(target=lease.keep, args=(stopping,))
    keeper.start()
    wait_until(lambda: lease.is_held)
    stopping.set()
    keeper.join()
    database.close()


def test_one_whose_lease_was_taken_over_stands_by_and_says_so(store: AwayAtTimes, clock: HandClock) -> None:
    lease = Lease(store, "ada", clock)
    with capture_logs() as logs:
        lease.renew()
        store.release(NAME, "ada")
        store.take(NAME, "bob", DURATION)
        lease.renew()
        lease.renew()
    assert not lease.is_held
    assert [line["event"] for line in logs] == ["scheduler_active", "scheduler_standing_by"]


def test_one_that_ends_in_order_leaves_the_lease_free(store: AwayAtTimes, clock: HandClock) -> None:
    lease = Lease(store, "ada", clock)
    lease.renew()
    lease.let_go()
    assert not lease.is_held
    assert store.take(NAME, "bob", DURATION)
