"""Makes clients of Redis. A client connects at its first command, and never repeats a command by itself."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from millrace.errors import ConfigurationError

CONNECT_TIMEOUT_SECONDS = 2
SOCKET_TIMEOUT_SECONDS = 5
HEALTH_CHECK_SECONDS = 15
MOST_CONNECTIONS = 1_000
"""Above what one process uses at once: a cooperative server sends from as many requests as it serves."""


def connect(url: str) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`.

    A command whose reply was lost may have been carried out, so that repeating it is for those who know whether
    that does harm.

    Raises:
        ConfigurationError: The URL has another form.
    """
    try:
        return Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
            socket_timeout=SOCKET_TIMEOUT_SECONDS,
            health_check_interval=HEALTH_CHECK_SECONDS,
            max_connections=MOST_CONNECTIONS,
            retry=Retry(NoBackoff(), 0),
        )
    except (ValueError, TypeError, RedisError) as error:
        # The URL itself may hold a password, so the message leaves it out.
        raise ConfigurationError(
            "MILLRACE_REDIS_URL must begin with redis://, rediss:// or unix:// and name a server"
        ) from error
