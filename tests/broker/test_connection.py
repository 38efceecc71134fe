"""Clients of Redis: every form of the URL reaches a real server, and no command is repeated behind our back."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from millrace.broker.connection import connect
from tests.servers.guarded_valkey import Server
from tests.servers.redis_forms import FORMS, PASSWORD, USER, RedisForms, redis_forms
from tests.servers.tls_front import make_authority, tls_front
from tests.waiting import wait_until

pytestmark = pytest.mark.flow


class Interrupted(BaseException):
    """What a signal, a deadline or the end of a greenlet raises amid a command."""


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisForms]:
    with redis_forms(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def server(forms: RedisForms) -> Server:
    return forms.server


@pytest.fixture(params=FORMS)
def url(request: pytest.FixtureRequest, forms: RedisForms) -> str:
    with forms.server.client() as client:
        client.flushall()
    return forms.urls[request.param]


@pytest.fixture
def client(url: str) -> Iterator[Redis]:
    with connect(url) as client:
        yield client


def test_a_command_reaches_the_database_that_the_url_names(client: Redis, server: Server) -> None:
    client.set("key", "value")
    with Redis(port=server.port, password=PASSWORD, db=2) as same:
        assert same.get("key") == b"value"


def test_a_reader_that_waits_is_woken_and_one_that_waits_in_vain_comes_back(client: Redis) -> None:
    assert client.bzpopmin("line", 1) is None
    arrival = threading.Timer(0.2, client.zadd, ("line", {"first": 1}))
    arrival.start()
    assert client.bzpopmin("line", 1) == (b"line", b"first", 1.0)
    arrival.join()


def test_what_is_published_is_heard(client: Redis) -> None:
    pubsub = client.pubsub()  # type: ignore[no-untyped-call]
    pubsub.subscribe("news")
    assert pubsub.get_message(timeout=5)["type"] == "subscribe"
    wait_until(lambda: client.publish("news", "hello") == 1)
    assert pubsub.get_message(timeout=5)["data"] == b"hello"
    pubsub.close()


def test_a_command_whose_connection_ends_fails_and_is_not_repeated(client: Redis, server: Server) -> None:
    def cut() -> None:
        with server.client() as admin:
            wait_until(lambda: [each for each in admin.client_list() if each["cmd"] == "bzpopmin"])
            admin.client_kill_filter(_type="normal", skipme=True)

    client.ping()
    cutting = threading.Thread(target=cut)
    cutting.start()
    with pytest.raises(RedisConnectionError):  # repeated, it would come back with nothing
        client.bzpopmin("line", 2)
    cutting.join()
    assert client.ping()


def test_a_reply_that_nobody_waited_for_is_not_taken_for_that_of_another_command(client: Redis) -> None:
    def interrupt(*_: object) -> None:
        raise Interrupted

    client.set("key", "value")
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(Interrupted):
            client.bzpopmin("line", 1)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert client.get("key") == b"value"


def test_every_form_has_the_same_patience(client: Redis) -> None:
    connection: Any = client.connection_pool.make_connection()
    assert connection.retry.get_retries() == 0
    assert (connection.socket_timeout, connection.socket_connect_timeout) == (5, 2)
    assert connection.health_check_interval == 15
    assert client.connection_pool.max_connections == 1_000


def test_a_server_that_hangs_costs_no_more_than_that(url: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.broker.connection.SOCKET_TIMEOUT_SECONDS", 0.3)
    with connect(url) as client:
        client.ping()
        started = time.monotonic()
        server.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(RedisTimeoutError):
                client.get("key")
            with pytest.raises(RedisError):
                client.get("key")
        finally:
            server.process.send_signal(signal.SIGCONT)
        assert time.monotonic() - started < 2
        wait_until(client.ping)


def test_a_wrong_password_is_refused(url: str) -> None:
    scheme, _, rest = url.partition("://")
    wrong = f"{scheme}://nobody:other-secret@{rest.rpartition('@')[2]}"
    with connect(wrong) as client, pytest.raises(AuthenticationError) as refused:
        client.ping()
    assert "other-secret" not in str(refused.value)


# TLS


def test_with_tls_nothing_goes_in_plain(forms: RedisForms) -> None:
    for form in ("tls", "sentinel with tls"):
        before = forms.front.tls_connections
        with connect(forms.urls[form]) as client:
            client.ping()
        assert forms.front.tls_connections == before + 1


def test_a_server_whose_certificate_another_authority_signed_is_refused(forms: RedisForms, tmp_path: Path) -> None:
    stranger = make_authority(tmp_path, "stranger")
    for form in ("tls", "sentinel with tls"):
        url = forms.urls[form].replace(str(forms.authority.file), str(stranger.file))
        with connect(url) as client, pytest.raises(RedisConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            client.ping()


def test_without_an_authority_named_those_count_that_the_system_trusts(forms: RedisForms) -> None:
    url = f"rediss://localhost:{forms.front.port}"
    with connect(url) as client, pytest.raises(RedisConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        client.ping()


def test_a_certificate_for_another_host_is_refused(forms: RedisForms) -> None:
    elsewhere = forms.authority.sign("elsewhere", "DNS:elsewhere.example")
    with tls_front(elsewhere, forms.server.port) as front:
        url = f"rediss://{USER}@localhost:{front.port}?ssl_ca_certs={forms.authority.file}"
        with connect(url) as client, pytest.raises(RedisConnectionError, match="Hostname mismatch"):
            client.ping()
        for less in ("ssl_check_hostname=no", "ssl_cert_reqs=none"):
            with connect(f"{url}&{less}") as client:
                assert client.ping()


def test_a_server_that_asks_for_a_certificate_is_shown_one(forms: RedisForms) -> None:
    mine = forms.authority.sign("client", "DNS:client")
    with tls_front(forms.authority.sign("strict", "DNS:localhost"), forms.server.port) as strict:
        strict.require_certificate(forms.authority)
        url = f"rediss://{USER}@localhost:{strict.port}?ssl_ca_certs={forms.authority.file}"
        with connect(f"{url}&ssl_certfile={mine.file}&ssl_keyfile={mine.key}") as client:
            assert client.ping()
        with connect(url) as client, pytest.raises(RedisConnectionError):
            client.ping()
