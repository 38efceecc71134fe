"""Queues on a real Redis."""

from collections.abc import Iterator

import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.redis_queues import RedisQueues
from millrace.broker.restoration import QueueRestoration


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def queues(redis: Redis) -> RedisQueues:
    """Queues that nothing waits in, and that may be taken from."""
    queues = RedisQueues(redis)
    open_epoch(redis, queues)
    return queues


def open_epoch(redis: Redis, queues: RedisQueues) -> None:
    """Say that nothing is missing in the queues."""
    restoration = QueueRestoration(redis, queues)
    assert restoration.begin()
    assert restoration.finish()
