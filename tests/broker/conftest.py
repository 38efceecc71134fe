"""A broker on a real Redis."""

from collections.abc import Iterator

import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.stock_broker import StockBroker


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def broker(redis_url: str) -> Iterator[StockBroker]:
    broker = StockBroker(connect(redis_url))
    yield broker
    broker.close()
