"""The limits of queues in SQL: merged into the row, one version after the other, none lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from millrace.queues.limits import BadLimit, LimitChange, QueueLimits
from millrace.store.database import Database
from millrace.store.queue_store import SqlQueueLimitStore
from millrace.store.tables import queue_limits
from tests.factories import an_id


@pytest.fixture
def limits(database: Database) -> SqlQueueLimitStore:
    return SqlQueueLimitStore(database)


def test_a_queue_that_nobody_changed_has_no_limits_stored(limits: SqlQueueLimitStore) -> None:
    assert limits.all() == {}


def test_a_change_is_merged_into_what_is_stored_and_raises_the_version(limits: SqlQueueLimitStore) -> None:
    limits.change("images", {"paused": True, "rate": 10, "period_seconds": 0.5}, an_id())
    changed = limits.change("images", {"paused": False, "concurrency": 3}, an_id())

    assert changed == QueueLimits(False, 3, 10, timedelta(milliseconds=500), version=2)
    assert limits.all() == {"images": changed}


def test_each_queue_has_limits_of_its_own(limits: SqlQueueLimitStore) -> None:
    paused = limits.change("images", {"paused": True}, an_id())
    bounded = limits.change("default", {"concurrency": 1}, an_id())

    assert limits.all() == {"images": paused, "default": bounded}


def test_the_row_tells_who_changed_it_last_and_when(limits: SqlQueueLimitStore, database: Database) -> None:
    limits.change("images", {"paused": True}, an_id())
    last = an_id()
    limits.change("images", {"paused": False}, last)

    row = database.read(lambda connection: connection.execute(sa.select(queue_limits)).one())
    assert row.updated_by == last
    assert abs(datetime.now(UTC) - row.updated_at) < timedelta(minutes=1)


def test_a_change_that_doesnt_fit_leaves_nothing_behind(limits: SqlQueueLimitStore) -> None:
    with pytest.raises(BadLimit):
        limits.change("images", {"rate": 5}, an_id())
    assert limits.all() == {}

    before = limits.change("images", {"rate": 5, "period_seconds": 1}, an_id())
    with pytest.raises(BadLimit):
        limits.change("images", {"period_seconds": None}, an_id())
    assert limits.all() == {"images": before}


def test_of_changes_made_at_once_none_is_lost(limits: SqlQueueLimitStore) -> None:
    changes: list[LimitChange] = [{"paused": True}, {"concurrency": 3}, {"rate": 10, "period_seconds": 60}] * 4
    with ThreadPoolExecutor(len(changes)) as pool:
        told = list(pool.map(lambda change: limits.change("images", change, an_id()), changes))

    assert sorted(made.version for made in told) == list(range(1, len(changes) + 1))
    assert limits.all() == {"images": QueueLimits(True, 3, 10, timedelta(minutes=1), version=len(changes))}
