"""The dispatcher: sends what it can, and makes nobody wait for a Redis that is away."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from millrace.broker.connection import connect
from millrace.broker.dispatcher import QUIET_SECONDS_AFTER_FAILURE, RedisDispatcher
from millrace.broker.redis_queues import RedisQueues
from millrace.run.embedded_redis import EmbeddedRedis
from tests.broker.conftest import open_epoch
from tests.clocks import HandClock
from tests.factories import a_queued_job


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def dispatcher(queues: RedisQueues, clock: HandClock) -> RedisDispatcher:
    return RedisDispatcher(queues, clock)


@pytest.fixture
def away(tmp_path: Path) -> Iterator[RedisQueues]:
    with connect(f"unix://{tmp_path / 'redis' / 'redis.sock'}") as client:
        yield RedisQueues(client)


def test_jobs_are_sent_to_their_queues_in_order(dispatcher: RedisDispatcher, queues: RedisQueues) -> None:
    first, second, other = a_queued_job(), a_queued_job(attempt=4), a_queued_job(queue="images")
    assert dispatcher.send([first, second, other]) == 3
    assert queues.exchange("w", 9, [], ["default"]).deliveries == (
        ("default", first.delivery),
        ("default", second.delivery),
    )
    assert queues.exchange("w", 9, [], ["images"]).deliveries == (("images", other.delivery),)


def test_only_what_the_broker_lacks_is_sent_again(dispatcher: RedisDispatcher, queues: RedisQueues) -> None:
    taken, waiting, lost = a_queued_job(), a_queued_job(), a_queued_job()
    dispatcher.send([taken, waiting])
    queues.exchange("w", 1, [], ["default"])
    assert dispatcher.send([taken, waiting, lost]) == 1
    assert dispatcher.send([taken, waiting, lost]) == 0


def test_a_job_that_was_cancelled_leaves_the_line(dispatcher: RedisDispatcher, queues: RedisQueues) -> None:
    cancelled, other = a_queued_job(), a_queued_job()
    dispatcher.send([cancelled, other])
    assert dispatcher.withdraw([cancelled]) == 1
    assert dispatcher.withdraw([cancelled]) == 0
    assert queues.exchange("w", 9, [], ["default"]).deliveries == (("default", other.delivery),)


def test_sending_without_redis_returns_at_once_and_is_told_once(away: RedisQueues, clock: HandClock) -> None:
    dispatcher = RedisDispatcher(away, clock)
    with capture_logs() as logs:
        start = time.monotonic()
        for _ in range(100):
            dispatcher.send([a_queued_job()])
        assert dispatcher.withdraw([a_queued_job()]) == 0
        assert time.monotonic() - start < 1
    assert [line["event"] for line in logs] == ["redis_away"]


def test_after_an_outage_one_caller_finds_out_and_all_send_again(
    away: RedisQueues, clock: HandClock, tmp_path: Path
) -> None:
    dispatcher = RedisDispatcher(away, clock)
    dispatcher.send([a_queued_job()])
    running = EmbeddedRedis(tmp_path / "redis").start()
    try:
        job = a_queued_job()
        with capture_logs() as logs:
            assert dispatcher.send([job]) == 0
            clock.seconds += QUIET_SECONDS_AFTER_FAILURE
            with connect(running.url) as redis:
                open_epoch(redis, RedisQueues(redis))
            assert dispatcher.send([job]) == 1
            assert dispatcher.send([job]) == 0
        assert [line["event"] for line in logs] == ["redis_back"]
        assert away.position(job.queue, job.delivery) == 0
    finally:
        running.stop()
