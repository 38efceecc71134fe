"""After Redis forgot: nothing is taken until the queues say what SQL says."""

from pathlib import Path

import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.redis_queues import RedisQueues
from millrace.broker.restoration import QueueRestoration
from millrace.errors import BrokerUnavailable
from millrace.jobs.states import JobState
from millrace.queues.limits import QueueLimits
from millrace.run.embedded_redis import EmbeddedRedis
from tests.factories import a_queued_job


@pytest.fixture
def restoration(redis: Redis, queues: RedisQueues) -> QueueRestoration:
    return QueueRestoration(redis, queues)


def test_nothing_is_taken_from_queues_that_may_be_incomplete(
    redis: Redis, queues: RedisQueues, restoration: QueueRestoration
) -> None:
    redis.flushall()
    assert restoration.is_needed()
    assert restoration.begin()
    early, late = a_queued_job(), a_queued_job()
    restoration.add_queued([late])
    assert queues.exchange("w", 8, [], ["default"]).deliveries == ()
    restoration.add_queued([early])
    assert restoration.finish()
    assert not restoration.is_needed()
    assert len(queues.exchange("w", 8, [], ["default"]).deliveries) == 2


def test_what_ran_before_redis_forgot_counts_against_the_limit(
    redis: Redis, queues: RedisQueues, restoration: QueueRestoration
) -> None:
    redis.flushall()
    restoration.begin()
    queues.limit("default", QueueLimits(concurrency=1))
    running, waiting = a_queued_job(state=JobState.RUNNING, worker_id="other"), a_queued_job()
    restoration.add_running([running])
    restoration.add_queued([waiting])
    restoration.finish()
    assert queues.exchange("w", 8, [], ["default"]).deliveries == ()
    queues.exchange("other", 0, [running.delivery], ["default"])
    assert queues.exchange("w", 8, [], ["default"]).deliveries == (("default", waiting.delivery),)


def test_a_redis_that_forgets_again_meanwhile_is_not_called_complete(
    redis: Redis, queues: RedisQueues, restoration: QueueRestoration
) -> None:
    redis.flushall()
    restoration.begin()
    restoration.add_queued([a_queued_job()])
    redis.flushall()
    assert not restoration.finish()
    assert restoration.is_needed()
    assert queues.exchange("w", 8, [], ["default"]).deliveries == ()


def test_of_two_schedulers_one_restores(redis: Redis, queues: RedisQueues, restoration: QueueRestoration) -> None:
    redis.flushall()
    other = QueueRestoration(redis, queues)
    assert restoration.begin()
    assert not other.begin()
    assert not other.finish()
    assert restoration.finish()


def test_a_scheduler_that_dies_while_it_restores_hinders_the_next_for_seconds_only(
    redis: Redis, restoration: QueueRestoration
) -> None:
    redis.flushall()
    restoration.begin()
    assert 0 < redis.pttl("{millrace}:restoring") <= 10_000


def test_a_redis_that_was_restarted_is_known_as_another_one(tmp_path: Path) -> None:
    embedded = EmbeddedRedis(tmp_path / "redis")
    running = embedded.start()
    with connect(running.url) as redis:
        queues = RedisQueues(redis)
        restoration = QueueRestoration(redis, queues)
        restoration.begin()
        restoration.finish()
        assert not restoration.is_needed()
        running.stop()
        with pytest.raises(BrokerUnavailable):
            restoration.is_needed()
        running = embedded.start()
        try:
            # Its file brought the epoch back, of a server that is gone: its last second may be missing.
            assert redis.exists("{millrace}:epoch")
            assert restoration.is_needed()
        finally:
            running.stop()
