"""Publisher and subscriber on a real Redis: what is announced is heard, and what is lost is told as a gap."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from redis import Redis

from millrace.eventbus.publisher import RedisPublisher
from millrace.eventbus.wire import Kind
from millrace.jobs.events import Event, LogWritten, ProgressMade
from millrace.jobs.job import Progress
from tests.eventbus.conftest import Listen, StoppableRedis
from tests.waiting import wait_until


def made(seq: int, message: str = "") -> Event:
    return ProgressMade(Progress("job", "account", 1, seq, None, message))


@pytest.fixture
def publisher(shared_redis: StoppableRedis) -> Iterator[RedisPublisher]:
    publisher = RedisPublisher(shared_redis.client)
    yield publisher
    publisher.close()


def test_all_that_is_published_is_heard_in_order(
    shared_redis: StoppableRedis, publisher: RedisPublisher, listen: Listen
) -> None:
    ears = listen(shared_redis)
    sent = [made(seq) for seq in range(3000)]
    for event in sent:
        publisher.publish([event])
    wait_until(lambda: len(ears.events) == len(sent))
    assert ears.events == sent


def test_an_event_is_heard_within_milliseconds(
    shared_redis: StoppableRedis, publisher: RedisPublisher, listen: Listen
) -> None:
    ears = listen(shared_redis)
    publisher.publish([made(0)])
    wait_until(lambda: ears.events)
    started = time.monotonic()
    publisher.publish([made(1)])
    wait_until(lambda: len(ears.events) == 2)
    assert time.monotonic() - started < 0.5


def test_who_asks_for_one_kind_hears_no_other(
    shared_redis: StoppableRedis, publisher: RedisPublisher, listen: Listen
) -> None:
    ears = listen(shared_redis, kinds=[Kind.PROGRESS])
    publisher.publish([LogWritten(()), made(1)])
    wait_until(lambda: ears.events)
    assert ears.events == [made(1)]


def test_nothing_connects_before_the_first_event() -> None:
    made_clients: list[Redis] = []

    def factory() -> Redis:
        made_clients.append(Redis(unix_socket_path="/nowhere"))
        return made_clients[-1]

    publisher = RedisPublisher(factory)
    publisher.close()
    assert not made_clients


def test_closing_writes_what_waits(shared_redis: StoppableRedis, listen: Listen) -> None:
    ears = listen(shared_redis)
    publisher = RedisPublisher(shared_redis.client)
    sent = [made(seq) for seq in range(2000)]
    publisher.publish(sent)
    publisher.close()
    wait_until(lambda: ears.events == sent)


def test_closing_waits_no_longer_than_a_second_for_a_redis_that_is_away() -> None:
    publisher = RedisPublisher(lambda: Redis(unix_socket_path="/nowhere"))
    publisher.publish([made(1)])
    started = time.monotonic()
    publisher.close()
    assert time.monotonic() - started < 1.5


def test_an_event_that_cannot_be_written_costs_no_other_and_is_told_as_a_gap(
    shared_redis: StoppableRedis, publisher: RedisPublisher, listen: Listen
) -> None:
    ears = listen(shared_redis)
    publisher.publish([made(1), made(2, "lone \ud800 surrogate"), made(3)])
    wait_until(lambda: len(ears.events) == 2)
    assert ears.events == [made(1), made(3)]
    assert ears.gaps == 2


def test_too_many_events_become_one_gap_once_redis_is_back(own_redis: StoppableRedis, listen: Listen) -> None:
    ears = listen(own_redis)
    publisher = RedisPublisher(own_redis.client, capacity=10)
    own_redis.stop()
    wait_until(lambda: not ears.is_listening)
    started = time.monotonic()
    for seq in range(1000):
        publisher.publish([made(seq)])
    assert time.monotonic() - started < 0.5
    own_redis.start()
    wait_until(lambda: ears.is_listening)
    publisher.publish([made(2000)])
    wait_until(lambda: made(2000) in ears.events)
    wait_until(lambda: ears.gaps >= 2)
    publisher.close()


def test_a_subscription_that_was_cut_comes_back_and_tells_the_gap(
    shared_redis: StoppableRedis, publisher: RedisPublisher, listen: Listen
) -> None:
    ears = listen(shared_redis)
    with shared_redis.client() as client:
        assert client.client_kill_filter(_type="pubsub") == 1
    wait_until(lambda: ears.gaps == 2)
    publisher.publish([made(7)])
    wait_until(lambda: made(7) in ears.events)


def test_a_silent_connection_is_noticed(own_redis: StoppableRedis, listen: Listen) -> None:
    ears = listen(own_redis, longest_silence_seconds=1.0)
    pid = own_redis.running.process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: not ears.is_listening)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: ears.is_listening)
    assert ears.gaps == 2


def test_a_quiet_connection_that_lives_is_kept(shared_redis: StoppableRedis, listen: Listen) -> None:
    ears = listen(shared_redis, longest_silence_seconds=0.4)
    with shared_redis.client() as client:
        pings = client.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"]
        wait_until(lambda: client.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"] >= pings + 3)
    assert ears.is_listening
    assert ears.gaps == 1
