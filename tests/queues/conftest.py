"""A queue service on a real database and a real Redis."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from redis import Redis

from millrace.accounts.account import Account, Role
from millrace.broker.connection import connect
from millrace.broker.redis_queues import RedisQueues
from millrace.queues.service import QueueService
from millrace.store.database import Database
from millrace.store.migrate import upgrade
from millrace.store.queue_store import SqlQueueLimitStore
from tests.broker.conftest import open_epoch
from tests.factories import an_id

NAMES = frozenset({"images", "default"})
NOBODY_LISTENS = "redis://127.0.0.1:1"


def an_account(role: Role) -> Account:
    return Account(an_id(), "ada@example.org", "Ada", role, datetime.now(UTC))


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def line(redis: Redis) -> RedisQueues:
    queues = RedisQueues(redis)
    open_epoch(redis, queues)  # the queues are complete, so things may be taken
    return queues


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> SqlQueueLimitStore:
    return SqlQueueLimitStore(database)


@pytest.fixture
def service(store: SqlQueueLimitStore, line: RedisQueues) -> QueueService:
    return QueueService(NAMES, store, line)


@pytest.fixture
def cut_off(store: SqlQueueLimitStore) -> QueueService:
    """The same service, while Redis is away."""
    return QueueService(NAMES, store, RedisQueues(connect(NOBODY_LISTENS)))
