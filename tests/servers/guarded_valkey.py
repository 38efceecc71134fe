"""A real Redis in any form that a URL can name: on TCP or a unix socket, with passwords, followed by another, watched.

It starts from flags or from a file of settings, and is gone with the tests.
"""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from millrace.run.embedded_redis import find_server
from tests.servers.postgresql import free_port
from tests.waiting import wait_until

START_SECONDS = 20
QUICK = ("--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0")


@dataclass(frozen=True, slots=True)
class Server:
    """A process that listens on `port` of 127.0.0.1; `login` opens it."""

    process: subprocess.Popen[bytes]
    port: int
    login: Mapping[str, str]

    def client(self) -> Redis:
        return Redis(port=self.port, **self.login)  # type: ignore[arg-type]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def guarded_valkey(folder: Path, *flags: str | Path, **login: str) -> Iterator[Server]:
    """A Redis for as long as the block lasts. `login` is what the given flags make necessary."""
    port = free_port()
    with running(folder, port, login, "--port", str(port), *QUICK, *flags) as server:
        yield server


@contextmanager
def sentinel(folder: Path, *settings: str, **login: str) -> Iterator[Server]:
    """A sentinel with these lines in its file of settings."""
    port = free_port()
    file = folder / f"sentinel-{port}.conf"
    file.write_text("\n".join([f"port {port}", *settings, ""]), encoding="utf-8")
    with running(folder, port, login, file, "--sentinel") as server:
        yield server


@contextmanager
def running(folder: Path, port: int, login: Mapping[str, str], *arguments: str | Path) -> Iterator[Server]:
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [find_server(), *arguments, "--dir", folder, "--bind", "127.0.0.1"],
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )
    server = Server(process, port, login)
    try:
        wait_until(lambda: answers(server), START_SECONDS, f"the server on {port} to answer")
        yield server
    finally:
        server.kill()


def answers(server: Server) -> bool:
    with server.client() as client:
        try:
            return bool(client.ping())
        except RedisError as not_yet:
            raise AssertionError(str(not_yet)) from not_yet


def follow(follower: Server, master: Server) -> None:
    """Let one server copy another; both have the same login, if any. Returns when it is in step."""
    with follower.client() as client:
        client.replicaof("127.0.0.1", master.port)
        wait_until(lambda: client.info("replication")["master_link_status"] == "up", START_SECONDS, "the copy")


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
