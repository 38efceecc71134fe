"""The Redis of a measurement: a fresh one each time, the same for every engine, on a TCP port of loopback.

It keeps nothing on disk, so that engines are compared and not disks.
"""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import ConnectionError as NotYet

from millrace.processes.lifeline import die_with_parent
from millrace.run.embedded_redis import find_server

FLAGS = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no")
START_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Server:
    """A Redis that runs, and a client to watch it by."""

    url: str
    watch: Redis

    @property
    def cpu_seconds(self) -> float:
        """What the server has computed so far."""
        cpu = self.watch.info("cpu")
        return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])

    @property
    def commands(self) -> int:
        """How many commands it has served, these questions aside: each of them is one."""
        return int(self.watch.info("stats")["total_commands_processed"])


@contextmanager
def redis_server() -> Iterator[Server]:
    """A server for as long as the block lasts."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder:
        process = subprocess.Popen(
            [find_server(), *FLAGS, "--port", str(port), "--dir", folder],
            env={**os.environ, "LC_ALL": "C"},  # a locale that this machine lacks would stop the server
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=die_with_parent,
        )
        try:
            url = f"redis://127.0.0.1:{port}"
            with Redis.from_url(url) as watch:
                _await_answer(watch)
                yield Server(url, watch)
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_answer(watch: Redis) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            watch.ping()
        except NotYet:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
