"""Clients that ask sentinels where the master is: whom they ask, how long for, and whom they believe."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.sentinel import MasterNotFoundError

from millrace.broker.connection import connect
from tests.servers.guarded_valkey import Server, guarded_valkey, sentinel
from tests.waiting import wait_until

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with guarded_valkey(tmp_path_factory.mktemp("master")) as running:
        yield running


@pytest.fixture(scope="module")
def watcher(tmp_path_factory: pytest.TempPathFactory, master: Server) -> Iterator[Server]:
    with sentinel(tmp_path_factory.mktemp("sentinel"), f"sentinel monitor main 127.0.0.1 {master.port} 1") as running:
        yield running


@pytest.fixture
def client(watcher: Server) -> Iterator[Redis]:
    with connect(f"redis+sentinel://127.0.0.1:{watcher.port}/main") as client:
        yield client


def test_a_sentinel_that_hangs_is_passed_over_and_asked_last_from_then_on(
    watcher: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.broker.connection.SOCKET_TIMEOUT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"redis+sentinel://127.0.0.1:{mute.getsockname()[1]},127.0.0.1:{watcher.port}/main"
        with connect(url) as client:
            started = time.monotonic()
            assert client.ping()
            assert 0.5 < time.monotonic() - started < 1.5
            client.connection_pool.disconnect()
            started = time.monotonic()
            assert client.ping()
            assert time.monotonic() - started < 0.4


def test_many_who_ask_at_once_all_find_the_master(watcher: Server) -> None:
    found = []
    with connect(f"redis+sentinel://127.0.0.1:1,127.0.0.1:{watcher.port}/main") as client:
        threads = [threading.Thread(target=lambda: found.append(client.blpop(["empty"], 0.2))) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [None] * 30


def test_nobody_stays_connected_to_a_sentinel(watcher: Server, client: Redis) -> None:
    with watcher.client() as admin:
        before = len(admin.client_list())
        client.ping()
        wait_until(lambda: len(admin.client_list()) <= before)


def test_a_service_that_no_sentinel_knows_is_told_in_a_sentence(watcher: Server) -> None:
    url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{watcher.port}/other"
    with connect(url) as client, pytest.raises(MasterNotFoundError) as failed:
        client.ping()
    assert str(failed.value).startswith("No sentinel named the master of other: 127.0.0.1:1 said: Error ")
    assert str(failed.value).endswith(f"127.0.0.1:{watcher.port} doesn't know it")


def test_a_wrong_password_of_a_sentinel_is_told_without_it(tmp_path: Path, master: Server) -> None:
    monitor = f"sentinel monitor main 127.0.0.1 {master.port} 1"
    with (
        sentinel(tmp_path, monitor, "requirepass right", password="right") as guarded,
        connect(f"redis+sentinel://127.0.0.1:{guarded.port}/main?sentinel_password=secret") as client,
        pytest.raises(MasterNotFoundError, match="invalid username-password") as failed,
    ):
        client.ping()
    assert "secret" not in str(failed.value)


def test_a_server_that_became_a_follower_is_left_and_not_connected_to_again(master: Server, client: Redis) -> None:
    """Nothing that is published on it would reach anybody, and nothing would say so."""
    client.set("key", "value")
    with master.client() as admin:
        admin.replicaof("127.0.0.1", 1)
        try:
            with pytest.raises(RedisConnectionError):
                client.set("key", "another")
            with pytest.raises(RedisConnectionError, match="isn't the master any more"):
                client.publish("news", "hello")
        finally:
            admin.replicaof("NO", "ONE")
    assert client.get("key") == b"value"
