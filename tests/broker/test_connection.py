"""Clients of Redis: which URLs there are, and that no command is repeated behind our back."""

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from millrace.broker.connection import connect
from millrace.errors import ConfigurationError


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://:secret@127.0.0.1:1", "unix:///nowhere/redis.sock"])
def test_a_client_connects_only_when_it_is_used_and_fails_at_once_where_nobody_listens(url: str) -> None:
    with connect(url) as client, pytest.raises(RedisConnectionError):
        client.ping()


def test_a_client_speaks_to_a_real_server(redis_url: str) -> None:
    with connect(redis_url) as client:
        assert client.ping()
        connection = client.connection_pool.make_connection()
        assert connection.retry.get_retries() == 0
        assert (connection.socket_timeout, connection.socket_connect_timeout) == (5, 2)


@pytest.mark.parametrize("url", ["", "http://user:secret@host", "redis://host:port"])
def test_a_wrong_url_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="MILLRACE_REDIS_URL") as refused:
        connect(url)
    assert "secret" not in str(refused.value)
