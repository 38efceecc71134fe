"""A migrated database of its own for every test, on each kind that Millrace runs on."""

from collections.abc import Iterator

import pytest

from millrace.store.database import Database
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from millrace.store.migrate import upgrade
from tests.factories import JobsInStates


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> SqlJobStore:
    return SqlJobStore(database)


@pytest.fixture
def queries(database: Database) -> SqlJobQueries:
    return SqlJobQueries(database)


@pytest.fixture
def jobs(store: SqlJobStore) -> JobsInStates:
    return JobsInStates(store)
