"""The dispatcher: sends what it can, and makes nobody wait for a Redis that is away."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from structlog.testing import capture_logs

from millrace.broker.connection import connect
from millrace.broker.dispatcher import QUIET_SECONDS_AFTER_FAILURE, DramatiqDispatcher
from millrace.broker.stock_broker import StockBroker
from millrace.run.embedded_redis import EmbeddedRedis
from tests.clocks import HandClock
from tests.factories import a_queued_job


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def dispatcher(broker: StockBroker, clock: HandClock) -> DramatiqDispatcher:
    return DramatiqDispatcher(broker, clock)


@pytest.fixture
def away(tmp_path: Path) -> Iterator[StockBroker]:
    broker = StockBroker(connect(f"unix://{tmp_path / 'redis' / 'redis.sock'}"))
    yield broker
    broker.close()


def test_jobs_are_sent_to_their_queues_in_order(dispatcher: DramatiqDispatcher, redis: Redis) -> None:
    first, second, other = a_queued_job(), a_queued_job(attempt=4), a_queued_job(queue="images")
    dispatcher.send([first, second, other])
    assert redis.lrange("{millrace}:default", 0, -1) == [f"{first.id}:1".encode(), f"{second.id}:4".encode()]
    assert redis.lrange("{millrace}:images", 0, -1) == [f"{other.id}:1".encode()]


def test_only_what_the_broker_lacks_is_sent_again(dispatcher: DramatiqDispatcher, redis: Redis) -> None:
    held, lost = a_queued_job(), a_queued_job()
    dispatcher.send([held])
    assert dispatcher.send_missing([held, lost]) == 1
    assert dispatcher.send_missing([held, lost]) == 0
    assert redis.llen("{millrace}:default") == 2


def test_sending_without_redis_returns_at_once_and_is_told_once(away: StockBroker, clock: HandClock) -> None:
    dispatcher = DramatiqDispatcher(away, clock)
    with capture_logs() as logs:
        start = time.monotonic()
        for _ in range(100):
            dispatcher.send([a_queued_job()])
        assert dispatcher.send_missing([a_queued_job()]) == 0
        assert time.monotonic() - start < 1
    assert [line["event"] for line in logs] == ["redis_away"]


def test_after_an_outage_one_caller_finds_out_and_all_send_again(
    away: StockBroker, clock: HandClock, tmp_path: Path
) -> None:
    dispatcher = DramatiqDispatcher(away, clock)
    dispatcher.send([a_queued_job()])
    running = EmbeddedRedis(tmp_path / "redis").start()
    try:
        job = a_queued_job()
        with capture_logs() as logs:
            assert dispatcher.send_missing([job]) == 0
            clock.seconds += QUIET_SECONDS_AFTER_FAILURE
            assert dispatcher.send_missing([job]) == 1
            assert dispatcher.send_missing([job]) == 0
        assert [line["event"] for line in logs] == ["redis_back"]
        assert away.holds([(job.queue, job.delivery)]) == [True]
    finally:
        running.stop()
