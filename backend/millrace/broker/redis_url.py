"""Reads MILLRACE_REDIS_URL: on the way from the settings to a client, where Redis is and how to speak to it.

A URL may hold passwords, and a wrong one may hold them anywhere. So what is said about a wrong one never quotes it.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection

from millrace.errors import ConfigurationError

Address = tuple[str, int]

REDIS_PORT = 6379
SENTINEL_PORT = 26379
HIGHEST_PORT = 65_535

FORMS = (
    "redis://[user:password@]host:port/db, rediss://… for TLS, unix://[user:password@]/path/to/redis.sock?db=0 "
    "or redis+sentinel://[user:password@]host1:port,host2:port/service-name/db"
)
ENCODING = "special characters in a password are percent-encoded, such as %2F for /"
TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "redis": (),
    "rediss": TLS_OPTIONS,
    "unix": ("db",),
    "redis+sentinel": ("ssl", "sentinel_ssl", *TLS_OPTIONS, "sentinel_username", "sentinel_password"),
}
"""By scheme, what may stand behind the question mark."""

SWITCH = {"yes": True, "true": True, "no": False, "false": False}

_URL = re.compile(
    r"(?P<scheme>[a-z+]+)://"
    r"(?:(?P<username>[^:/?#]*)(?::(?P<password>[^/?#]*))?@)?"
    r"(?P<hosts>[^@/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?"
)
_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:,\s]+))(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A URL that was read.

    Where `sentinels` are to be asked for the address, `service` is the name that they know Redis by.
    """

    options: Mapping[str, Any] = field(repr=False)
    """What a pool of connections to Redis is made of."""

    service: str = ""
    sentinels: tuple[Address, ...] = ()
    sentinel_options: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_url(url: str) -> RedisUrl:
    """Raises: ConfigurationError, with a sentence that says what to write."""
    found = _URL.fullmatch(url)
    if found is None or found["scheme"] not in OPTIONS:
        raise _wrong(f"must be {FORMS}; {ENCODING}")
    options = _read_query(found["scheme"], found["query"])
    login = _login(unquote(found["username"] or ""), unquote(found["password"] or ""))
    if found["scheme"] == "unix":
        return _read_unix(found, login, options)
    if found["scheme"] == "redis+sentinel":
        return _read_sentinel(found, login, options)
    host, port = _read_host(found["hosts"], REDIS_PORT)
    tls = _tls(options) if found["scheme"] == "rediss" else _PLAIN
    return RedisUrl({"host": host, "port": port, "db": _read_database(found["path"].removeprefix("/")), **login, **tls})


def _read_unix(found: re.Match[str], login: Mapping[str, str], options: Mapping[str, str]) -> RedisUrl:
    if found["hosts"] or found["path"] in ("", "/"):
        raise _wrong("must name the whole path of the socket after unix://, as in unix:///run/redis/redis.sock")
    path, database = unquote(found["path"]), _read_database(options.get("db", ""))
    return RedisUrl({"path": path, "db": database, "connection_class": UnixDomainSocketConnection, **login})


def _read_sentinel(found: re.Match[str], login: Mapping[str, str], options: Mapping[str, str]) -> RedisUrl:
    service, _, database = found["path"].removeprefix("/").partition("/")
    if not service:
        raise _wrong("must name the service that the sentinels watch: redis+sentinel://host1:port,host2:port/service/0")
    tls, redis_tls, sentinel_tls = _tls(options), _switch(options, "ssl", "no"), _switch(options, "sentinel_ssl", "no")
    if not redis_tls and not sentinel_tls and options.keys() & set(TLS_OPTIONS):
        raise _wrong("says how TLS is to be, so it must say where too: ssl=yes to Redis, sentinel_ssl=yes to sentinels")
    sentinel_login = _login(options.get("sentinel_username", ""), options.get("sentinel_password", ""))
    return RedisUrl(
        {"db": _read_database(database), **login, **(tls if redis_tls else _PLAIN)},
        service=unquote(service),
        sentinels=tuple(_read_host(host, SENTINEL_PORT) for host in found["hosts"].split(",")),
        sentinel_options={**sentinel_login, **(tls if sentinel_tls else _PLAIN)},
    )


def _read_query(scheme: str, query: str | None) -> Mapping[str, str]:
    known = OPTIONS[scheme]
    try:
        pairs = parse_qsl(query, strict_parsing=True) if query else []
    except ValueError:
        pairs = [("", "")]
    # An unknown option isn't quoted: it may be the end of a password with a question mark.
    if not {name for name, _ in pairs} <= set(known) or len(dict(pairs)) < len(pairs):
        allowed = f"take {', '.join(known)}, each at most once as name=value," if known else "take no options"
        raise _wrong(f"with {scheme}:// may {allowed} behind the question mark; in a password it is written %3F")
    return dict(pairs)


def _read_host(text: str, default_port: int) -> Address:
    found = _HOST.fullmatch(text)
    host = unquote(found["ipv6"] or found["name"]) if found else ""
    port = int(found["port"] or default_port) if found else 0
    try:
        host.encode("idna")
    except UnicodeError:
        host = ""
    if not host or not 0 < port <= HIGHEST_PORT:
        raise _wrong(f"must name each server as host or host:port, the port from 1 to {HIGHEST_PORT}; {ENCODING}")
    return host, port


def _read_database(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal()):
        raise _wrong("must name the database by its number, as in redis://host/0 or unix:///run/redis.sock?db=0")
    return int(text or 0)


def _login(username: str, password: str) -> Mapping[str, str]:
    return {name: value for name, value in (("username", username), ("password", password)) if value}


_PLAIN: Mapping[str, Any] = {"connection_class": Connection}


def _tls(options: Mapping[str, str]) -> Mapping[str, Any]:
    """What a connection with TLS is made of; its files are looked at now, not when the first command fails."""
    verify = options.get("ssl_cert_reqs", "required")
    if verify not in ("required", "none"):
        raise _wrong("takes ssl_cert_reqs=required or ssl_cert_reqs=none")
    files = {name: options[name] for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile") if name in options}
    _try_files(files)
    check_hostname = _switch(options, "ssl_check_hostname", "yes")
    return {"connection_class": SSLConnection, "ssl_cert_reqs": verify, "ssl_check_hostname": check_hostname, **files}


def _try_files(files: Mapping[str, str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if "ssl_ca_certs" in files:
            context.load_verify_locations(files["ssl_ca_certs"])
        if "ssl_certfile" in files:
            # Without a password given, a key that needs one would be asked for on the terminal.
            context.load_cert_chain(files["ssl_certfile"], files.get("ssl_keyfile"), password="")
        elif "ssl_keyfile" in files:
            raise _wrong("names ssl_keyfile, which needs ssl_certfile too")
    except OSError:
        raise _wrong(
            "must name readable PEM files: ssl_ca_certs the certificates of the authority, ssl_certfile a certificate, "
            "ssl_keyfile its key without a password"
        ) from None


def _switch(options: Mapping[str, str], name: str, default: str) -> bool:
    text = options.get(name, default).lower()
    if text not in SWITCH:
        raise _wrong(f"takes {name}=yes or {name}=no")
    return SWITCH[text]


def _wrong(problem: str) -> ConfigurationError:
    return ConfigurationError(f"MILLRACE_REDIS_URL {problem}")
