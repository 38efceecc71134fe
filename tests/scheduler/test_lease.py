"""A scheduler knows by itself when it must not work any more."""

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
