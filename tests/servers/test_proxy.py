"""The network that tests can break: what passes, what is lost, and what is held."""

import socket
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

from tests.servers.proxy import Fate, Proxy, proxy
from tests.waiting import wait_until


@pytest.fixture
def between(redis_url: str) -> Iterator[Proxy]:
    with proxy(redis_url.removeprefix("unix://")) as it:
        yield it


@pytest.fixture
def near(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def far(between: Proxy) -> Iterator[Redis]:
    """A client behind the proxy, which repeats nothing and doesn't wait for long."""
    with Redis(port=between.port, retry=Retry(NoBackoff(), 0), socket_timeout=0.5) as client:
        yield client


def test_what_passes_is_answered(far: Redis, near: Redis) -> None:
    far.set("name", "value")
    assert near.get("name") == b"value"


def test_a_request_whose_reply_is_lost_was_done(between: Proxy, far: Redis, near: Redis) -> None:
    between.rule = lambda sent, before: Fate.LOSE_REPLY if b"INCR" in sent else Fate.PASS
    with pytest.raises(ConnectionError):
        far.incr("count")
    assert near.get("count") == b"1"
    assert far.get("count") == b"1"


def test_a_request_that_is_held_is_never_done(between: Proxy, far: Redis, near: Redis) -> None:
    between.rule = lambda sent, before: Fate.HOLD if b"INCR" in sent else Fate.PASS
    with pytest.raises(TimeoutError):
        far.incr("count")
    assert between.fates[Fate.HOLD] == 1
    assert near.get("count") is None


def test_the_rule_knows_what_was_sent_before(between: Proxy, far: Redis) -> None:
    seen: list[bytes] = []

    def look(sent: bytes, before: bytes) -> Fate:
        seen.append(before)
        return Fate.PASS

    between.rule = look
    far.set("name", "value")
    far.get("name")
    wait_until(lambda: b"SET" in seen[-1])


def test_connections_that_are_cut_end_and_may_be_made_again(between: Proxy, far: Redis) -> None:
    with socket.create_connection(("127.0.0.1", between.port)) as end:
        end.sendall(b"PING\r\n")
        assert end.recv(100) == b"+PONG\r\n"
        assert between.cut() == 1
        assert end.recv(100) == b""
    assert far.ping()
