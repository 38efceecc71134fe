"""One real Redis, reached in every form that MILLRACE_REDIS_URL can have: its passwords, TLS and sentinels are real."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.guarded_valkey import Server, guarded_valkey, sentinel
from tests.servers.tls_front import Certificate, TlsFront, make_authority, tls_front

FORMS = ("tcp", "user", "unix", "tls", "sentinel", "sentinel with tls")
PASSWORD = "p/ss:w@rd?#%"
PASSWORD_IN_URL = "p%2Fss%3Aw%40rd%3F%23%25"
USER = f"ada:{PASSWORD_IN_URL}"
"""What the URL of an account with fewer rights says before the host."""

SENTINEL_PASSWORD = "watch=&word"
SENTINEL_PASSWORD_IN_URL = "watch%3D%26word"
SECRETS = (PASSWORD, PASSWORD_IN_URL, SENTINEL_PASSWORD, SENTINEL_PASSWORD_IN_URL, "eves-word")


@dataclass(frozen=True, slots=True)
class RedisForms:
    """The server, what stands in front of it, who signed its certificate, and a URL of each form: its database 2."""

    server: Server
    front: TlsFront
    authority: Certificate
    urls: Mapping[str, str]


@contextmanager
def redis_forms(folder: Path) -> Iterator[RedisForms]:
    """All of it for as long as the block lasts."""
    authority = make_authority(folder, "authority")
    user = ("--user", "ada", "on", f">{PASSWORD}", "~*", "&*", "+@all", "-@dangerous", "+info")
    socket = ("--unixsocket", folder / "redis.sock", "--unixsocketperm", "700")
    certificate = authority.sign("server", "DNS:localhost,IP:127.0.0.1")
    with (
        guarded_valkey(folder, "--requirepass", PASSWORD, *user, *socket, password=PASSWORD) as server,
        tls_front(certificate, server.port) as front,
        sentinel(folder, *watching(server, front), password=SENTINEL_PASSWORD) as watcher,
        tls_front(authority.sign("sentinel", "DNS:localhost"), watcher.port) as sentinel_front,
    ):
        trust = f"ssl_ca_certs={authority.file}"
        urls = {
            "tcp": f"redis://:{PASSWORD_IN_URL}@127.0.0.1:{server.port}/2",
            "user": f"redis://{USER}@localhost:{server.port}/2",
            "unix": f"unix://{USER}@{folder}/redis.sock?db=2",
            "tls": f"rediss://{USER}@localhost:{front.port}/2?{trust}",
            "sentinel": f"redis+sentinel://{USER}@127.0.0.1:1,127.0.0.1:{watcher.port}/plain/2"
            f"?sentinel_password={SENTINEL_PASSWORD_IN_URL}",
            "sentinel with tls": f"redis+sentinel://{USER}@localhost:{sentinel_front.port}/tls/2"
            f"?ssl=yes&sentinel_ssl=yes&{trust}&sentinel_username=eve&sentinel_password=eves-word",
        }
        yield RedisForms(server, front, authority, urls)


def watching(server: Server, front: TlsFront) -> Iterator[str]:
    """The settings of a sentinel that names the server's port, or that of the front, which it watches it through."""
    yield f'requirepass "{SENTINEL_PASSWORD}"'
    yield "user eve on >eves-word ~* &* +@all"
    for service, port in (("plain", server.port), ("tls", front.port)):
        yield f"sentinel monitor {service} 127.0.0.1 {port} 1"
        yield f'sentinel auth-pass {service} "{PASSWORD}"'
