"""A lease has one holder at a time, by the database's clock."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from millrace.store.database import Database
from millrace.store.lease_store import SqlLeaseStore
from millrace.store.migrate import upgrade
from tests.waiting import wait_until

LONG = timedelta(minutes=5)
SHORT = timedelta(milliseconds=50)


@pytest.fixture
def store(database_url: str) -> Iterator[SqlLeaseStore]:
    database = Database(database_url)
    upgrade(database)
    yield SqlLeaseStore(database)
    database.close()


def test_a_lease_that_somebody_holds_is_not_given_to_another(store: SqlLeaseStore) -> None:
    assert store.take("work", "ada", LONG)
    assert not store.take("work", "bob", LONG)
    assert store.take("other work", "bob", LONG)


def test_its_holder_prolongs_it(store: SqlLeaseStore) -> None:
    assert store.take("work", "ada", SHORT)
    assert store.take("work", "ada", LONG)
    assert not store.take("work", "bob", LONG)


def test_one_that_has_ended_goes_to_whoever_asks_first(store: SqlLeaseStore) -> None:
    store.take("work", "ada", SHORT)
    wait_until(lambda: store.take("work", "bob", LONG), timeout=2)
    assert not store.take("work", "ada", LONG)


def test_one_that_was_released_is_free_at_once_and_only_its_holder_releases_it(store: SqlLeaseStore) -> None:
    store.take("work", "ada", LONG)
    store.release("work", "bob")
    assert not store.take("work", "bob", LONG)
    store.release("work", "ada")
    assert store.take("work", "bob", LONG)


def test_of_many_who_ask_at_once_one_gets_it(store: SqlLeaseStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: store.take("work", f"asker {number}", LONG), range(16)))
    assert answers.count(True) == 1
