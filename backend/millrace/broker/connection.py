"""Makes clients of Redis. A client connects at its first command, and never repeats a command by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import Connection, ConnectionPool, SSLConnection
from redis.exceptions import ConnectionError, RedisError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, SentinelConnectionPool, SentinelManagedConnection

from millrace.broker.redis_url import Address, read_url

CONNECT_TIMEOUT_SECONDS = 2
SOCKET_TIMEOUT_SECONDS = 5
HEALTH_CHECK_SECONDS = 15
MOST_CONNECTIONS = 1_000
"""Above what one process uses at once: a cooperative server sends from as many requests as it serves."""


def connect(url: str) -> Redis:
    """A client for `redis://`, `rediss://`, `unix://` or `redis+sentinel://`.

    A command whose reply was lost may have been carried out, so that repeating it is for those who know whether
    that does harm. After a failover, the command that meets the old master fails, and the next one finds the new one.

    Raises:
        ConfigurationError: The URL has another form.
    """
    found = read_url(url)
    if not found.sentinels:
        return Redis.from_pool(ConnectionPool(**_manners(), **found.options))
    options = {**found.options, "connection_class": _FOLLOWING[found.options["connection_class"]]}
    sentinels = _Sentinels(found.sentinels, found.sentinel_options)
    return Redis.from_pool(SentinelConnectionPool(found.service, sentinels, **_manners(), **options))  # type: ignore[no-untyped-call]


def _manners() -> dict[str, Any]:
    """How every connection behaves, those to the sentinels too."""
    return {
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "max_connections": MOST_CONNECTIONS,
        "retry": Retry(NoBackoff(), 0),
        # They would stretch the timeouts, and let a connection be used again on which a reply still waits.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }


class _Sentinels:
    """Whom to ask where the master is; safe to share between threads.

    Stands where the library's pool expects the library's `Sentinel`, whose connections nobody closes, and whose list
    loses a sentinel when two threads reorder it at once.
    """

    def __init__(self, addresses: Sequence[Address], options: Mapping[str, Any]) -> None:
        self._addresses = addresses
        self._options = options
        self._answered_last = addresses[0]

    def discover_master(self, service: str) -> Address:
        """Ask one after the other, first the one that answered last.

        Raises:
            MasterNotFoundError: None of them knows.
        """
        problems = []
        for address in sorted(self._addresses, key=lambda address: address != self._answered_last):
            try:
                master = self._ask(address, service)
            except RedisError as error:
                problems.append(f"{address[0]}:{address[1]} said: {error}")
                continue
            if master is not None:
                self._answered_last = address
                return master
            problems.append(f"{address[0]}:{address[1]} doesn't know it")
        raise MasterNotFoundError(f"No sentinel named the master of {service}: {'; '.join(problems)}")

    def _ask(self, address: Address, service: str) -> Address | None:
        host, port = address
        with Redis.from_pool(ConnectionPool(host=host, port=port, **_manners(), **self._options)) as sentinel:
            named = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service)
        return (named[0].decode(), int(named[1])) if named else None


class _MasterConnection(SentinelManagedConnection):
    """A connection to whom the sentinels name, as long as that is the master."""

    def on_connect_check_health(self, check_health: bool = True) -> None:
        super().on_connect_check_health(check_health)
        # A sentinel that was cut off may name a server that follows another now. It would take what is published
        # and tell nobody.
        greeting: Mapping[Any, Any] = self.handshake_metadata or {}
        if greeting.get(b"role") != b"master":
            raise ConnectionError(f"{self.host}:{self.port} isn't the master any more")

    def read_response(self, disable_decoding: bool = False, **options: Any) -> Any:
        # The class above keeps a connection open whose reply nobody read: the next command would take it for its own.
        return super().read_response(disable_decoding, **{"disconnect_on_error": True, **options})


class _TlsMasterConnection(_MasterConnection, SSLConnection):
    pass


_FOLLOWING = {Connection: _MasterConnection, SSLConnection: _TlsMasterConnection}
