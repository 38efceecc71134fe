"""After Redis forgot: nothing is taken until the queues say what SQL says."""

from pathlib import Path

import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.dispatcher import in_line
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
    assert queues.enqueue("default", [in_line(late)]) == 0  # it would overtake
    restoration.add_queued([early])
    assert queues.exchange("w", 8, [], ["default"]).deliveries == ()
    restoration.add_queued([late])
    assert restoration.finish()
    assert not restoration.is_needed()
    assert [job for _, job in queues.exchange("w", 8, [], ["default"]).deliveries] == [early.delivery, late.delivery]


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
    assert 0 < redis.pttl("{millrace}:restoring") <= 30_000


def test_nothing_is_taken_from_a_redis_that_was_restarted_since_it_is_known_as_another_one(tmp_path: Path) -> None:
    embedded = EmbeddedRedis(tmp_path / "redis")
    running = embedded.start()
    with connect(running.url) as redis:
        queues = RedisQueues(redis)
        restoration = QueueRestoration(redis, queues)
        restoration.begin()
        restoration.finish()
        assert not restoration.is_needed()
        queues.enqueue("default", [in_line(a_queued_job())])
        running.stop()
        with pytest.raises(BrokerUnavailable):
            restoration.is_needed()
        running = embedded.start()
        try:
            # Its file brought the epoch back, of a server that is gone: its last second may be missing.
            assert redis.exists("{millrace}:epoch")
            assert restoration.is_needed()
            assert queues.exchange("w", 1, [], ["default"]).deliveries == ()
        finally:
            running.stop()


def test_nothing_is_taken_from_a_redis_that_came_back_from_its_file_until_it_is_restored(
    redis: Redis, queues: RedisQueues, restoration: QueueRestoration
) -> None:
    queues.enqueue("default", [in_line(a_queued_job())])
    redis.set("{millrace}:epoch", "the run id of a server that is gone")
    assert restoration.begin()
    assert queues.exchange("w", 8, [], ["default"]).deliveries == ()
    assert restoration.finish()
    assert len(queues.exchange("w", 8, [], ["default"]).deliveries) == 1


def test_one_that_failed_midway_begins_again_at_once(redis: Redis, restoration: QueueRestoration) -> None:
    redis.flushall()
    assert restoration.begin()
    assert restoration.begin()
    assert restoration.finish()


def test_one_that_was_slower_than_another_lets_the_epoch_stand(redis: Redis, queues: RedisQueues) -> None:
    redis.flushall()
    quick, slow = QueueRestoration(redis, queues), QueueRestoration(redis, queues)
    assert slow.is_needed()
    quick.begin()
    quick.finish()
    assert not slow.begin()
    assert not slow.is_needed()
    assert not redis.exists("{millrace}:restoring")


def test_a_lock_lasts_as_long_as_jobs_are_added(redis: Redis, restoration: QueueRestoration) -> None:
    redis.flushall()
    restoration.begin()
    redis.pexpire("{millrace}:restoring", 100)
    restoration.add_queued([a_queued_job()])
    assert redis.pttl("{millrace}:restoring") > 1_000


def test_a_slot_whose_booking_redis_forgot_is_free_after_the_restoration(
    redis: Redis, queues: RedisQueues, restoration: QueueRestoration
) -> None:
    queues.limit("default", QueueLimits(concurrency=1))
    first, second = a_queued_job(), a_queued_job()
    queues.enqueue("default", [in_line(first), in_line(second)])
    queues.exchange("w", 1, [], ["default"])
    redis.delete("{millrace}:held:w", "{millrace}:epoch")
    restoration.begin()
    restoration.finish()
    assert queues.exchange("v", 8, [], ["default"]).deliveries == (("default", second.delivery),)


def test_what_runs_is_not_left_in_line(queues: RedisQueues, restoration: QueueRestoration) -> None:
    job = a_queued_job(worker_id="other")
    queues.enqueue("default", [in_line(job)])
    restoration.add_running([job])
    assert queues.position("default", job.delivery) is None
    assert queues.held_by("other") == {job.delivery}


def test_whoever_waits_is_told_when_the_queues_are_complete(
    redis: Redis, queues: RedisQueues, restoration: QueueRestoration
) -> None:
    redis.flushall()
    restoration.begin()
    restoration.add_queued([a_queued_job()])
    assert queues.await_wake(["default"], 0.1)  # by somebody who looks, and finds nothing to take yet
    restoration.finish()
    assert queues.await_wake(["default"], 0.1)


def test_a_redis_that_restarts_midway_is_not_called_complete(tmp_path: Path) -> None:
    embedded = EmbeddedRedis(tmp_path / "redis")
    running = embedded.start()
    with connect(running.url) as redis:
        restoration = QueueRestoration(redis, RedisQueues(redis))
        restoration.begin()
        running.stop()
        running = embedded.start()
        try:
            redis.ping()
            assert not restoration.finish()
            assert restoration.is_needed()
        finally:
            running.stop()
