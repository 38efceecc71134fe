"""MILLRACE_REDIS_URL: what is read out of it, and that a wrong one is refused in a sentence without a password."""

import logging
import traceback
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from millrace.broker.connection import connect
from millrace.broker.redis_url import read_url
from millrace.errors import ConfigurationError


def addresses(url: str) -> object:
    found = read_url(url)
    return found.sentinels or (found.options["host"], found.options["port"])


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:1/0",
        "rediss://:secret@127.0.0.1:1",
        "unix:///nowhere/redis.sock",
        "redis+sentinel://127.0.0.1:1,127.0.0.1:2/main",
    ],
)
def test_a_client_connects_only_when_it_is_used_and_fails_at_once_where_nobody_listens(url: str) -> None:
    with connect(url) as client, pytest.raises(RedisConnectionError):
        client.ping()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://host", ("host", 6379)),
        ("redis://host:7000/3", ("host", 7000)),
        ("redis://user:p@ss@host", ("host", 6379)),
        ("redis://[2001:db8::1]:7000", ("2001:db8::1", 7000)),
        ("redis+sentinel://one/main", (("one", 26379),)),
        ("redis+sentinel://:x@one:1,[::1],two:3/main/1", (("one", 1), ("::1", 26379), ("two", 3))),
    ],
)
def test_servers_are_named_by_host_and_port(url: str, expected: object) -> None:
    assert addresses(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://host", {}),
        ("redis://:secret@host", {"password": "secret"}),
        ("redis://ada@host", {"username": "ada"}),
        ("redis://a%3Ad%61:s%40c%2Fr%3Ft%25@host", {"username": "a:da", "password": "s@c/r?t%"}),
        ("unix://ada:secret@/redis.sock", {"username": "ada", "password": "secret"}),
    ],
)
def test_a_login_stands_before_the_host_percent_encoded(url: str, expected: dict[str, str]) -> None:
    options = read_url(url).options
    assert {name: options[name] for name in ("username", "password") if name in options} == expected


def test_the_sentinels_have_a_login_of_their_own_and_no_database() -> None:
    found = read_url("redis+sentinel://ada:one@host/the%20main/2?sentinel_username=eve&sentinel_password=t%26wo%2B")
    assert (found.service, found.options["db"], found.options["password"]) == ("the main", 2, "one")
    assert (found.sentinel_options["username"], found.sentinel_options["password"]) == ("eve", "t&wo+")
    assert "db" not in found.sentinel_options


def test_a_socket_is_named_by_its_whole_path() -> None:
    assert read_url("unix:///run/my%20redis.sock?db=4").options["path"] == "/run/my redis.sock"


WRONG = {
    "no scheme": "",
    "another scheme": "http://user:secret@host",
    "a scheme that isn't one of ours": "rediss+sentinel://user:secret@host/main",
    "no host": "redis://:secret@",
    "a host with a blank": "redis://:secret@my host",
    "a host that no name server takes": f"redis://:secret@{'h' * 70}",
    "a port in words": "redis://user:secret@host:port",
    "a port out of range": "redis://user:secret@host:70000",
    "port zero": "redis://user:secret@host:0",
    "a database in words": "redis://user:secret@host/first",
    "a database below zero": "redis://user:secret@host/-1",
    "more than a database": "redis://user:secret@host/1/2",
    "a slash in the password": "redis://:12/secret@host",
    "a hash in the password": "redis://user:12#secret@host",
    "a question mark in the password": "redis://user:12?secret@host",
    "that and more": "redis://user:12?secret=1@host",
    "brackets in the password": "redis://:[secret@host:port",
    "an unknown option": "rediss://host?password=secret",
    "an option of the library that changes the timeouts": "redis://:secret@host?socket_timeout=600",
    "an option twice": "unix:///redis.sock?db=1&db=2",
    "an option without a value": "redis+sentinel://:secret@host/main?sentinel_password",
    "a relative socket": "unix://run/redis.sock",
    "no socket": "unix://:secret@",
    "a sentinel's URL without a service": "redis+sentinel://:secret@host:26379",
    "a sentinel without a name": "redis+sentinel://:secret@one,,two/main",
    "a switch that is neither on nor off": "redis+sentinel://:secret@host/main?ssl=perhaps",
    "how TLS is to be, but not where": "redis+sentinel://:secret@host/main?ssl_cert_reqs=none",
    "half of a verification": "rediss://:secret@host?ssl_cert_reqs=optional",
    "an authority that isn't there": "rediss://:secret@host?ssl_ca_certs=/nowhere/secret.pem",
    "a key without a certificate": "rediss://:secret@host?ssl_keyfile=/nowhere/secret.key",
}


@pytest.mark.parametrize("url", WRONG.values(), ids=WRONG)
def test_a_wrong_url_is_refused_in_a_sentence_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^MILLRACE_REDIS_URL (must|may|with|takes|says|names)") as refused:
        connect(url)
    assert "secret" not in "".join(traceback.format_exception(refused.value.with_traceback(None)))


def test_a_file_that_is_no_certificate_is_refused_before_anything_connects(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="PEM"):
        connect(f"rediss://host?ssl_ca_certs={tmp_path / 'ca.pem'}")


def test_neither_a_client_nor_its_errors_nor_the_url_that_was_read_tell_a_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    url = "redis+sentinel://ada:secret@127.0.0.1:1/main?sentinel_password=secret"
    with connect(url) as client, pytest.raises(RedisConnectionError) as failed:
        client.ping()
    told = [repr(client), repr(client.connection_pool.make_connection()), repr(read_url(url)), caplog.text]
    assert "secret" not in "".join([*told, *traceback.format_exception(failed.value)])
