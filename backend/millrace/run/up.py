"""`millrace up`: everything on one machine, in one terminal, on one data folder.

In order: hold the folder; see that the port is free; Redis and the database's schema side by side; web, worker and
scheduler side by side; then watch over them. At the end the worker stops first and Redis last. Whatever happens to this
process, nothing that it started outlives it.
"""

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import FrameType

from millrace import __version__
from millrace.errors import ConfigurationError, MillraceError
from millrace.processes.lifeline import Lifeline, die_with_parent
from millrace.run.children import Child
from millrace.run.data_folder import DataFolder
from millrace.run.embedded_redis import EmbeddedRedis
from millrace.run.listening import PortTaken, open_listener
from millrace.run.redis_part import RedisPart
from millrace.run.supervisor import GivenUp, Part, Supervisor, stop_in_order
from millrace.settings import Settings, load_settings

PORT_PATIENCE_SECONDS = 6.0
PORT_LOOK_SECONDS = 0.1
PROBE_SECONDS = 2.0
STOP_SECONDS = 5.0
WORKER_STOP_SECONDS = 18.0
"""Past its grace time a worker may have to end processes whose handlers come to no checkpoint, and yield their jobs."""

TOKEN_BYTES = 24
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Interrupted(BaseException):
    """Somebody asked to stop: Ctrl-C, SIGTERM, or a terminal that was closed."""


def main() -> int:
    """Run everything until somebody asks to stop.

    Raises:
        ConfigurationError: A setting is wrong, the port is taken, or another `up` holds the data folder.
    """
    asked = _Asked()
    os.umask(0o077)  # what lies in the data folder is nobody else's
    try:
        settings = load_settings()
        with DataFolder(settings.data_folder) as folder, Lifeline() as lifeline:
            _Up(settings, folder, lifeline, asked).run()
    except Interrupted:
        pass
    except ConfigurationError:
        raise
    except MillraceError as error:
        print(f"millrace: {error.message}", file=sys.stderr)
        return 1
    return 0


class _Asked:
    """What this process was told: the first time to stop, the second time to hurry."""

    def __init__(self) -> None:
        self._times = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._hear)

    def stop_now(self) -> None:
        """From here on being told means to hurry."""
        self._times = max(self._times, 1)

    def is_hurried(self) -> bool:
        """Whether somebody asked again."""
        return self._times > 1

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self._times += 1
        if self._times == 1:
            raise Interrupted


class _Terminal:
    """What `up` and its children write, line by line. A terminal that was closed ends nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def tell(self, line: str) -> None:
        """A line of `up` itself."""
        with self._lock, suppress(OSError):
            print(line, flush=True)

    def relay(self, name: str, line: str) -> None:
        """A line of a child."""
        self.tell(f"{name:<9} | {line}")


class _Up:
    """One run."""

    def __init__(self, settings: Settings, folder: DataFolder, lifeline: Lifeline, asked: _Asked) -> None:
        self._settings = settings
        self._folder = folder
        self._asked = asked
        self._terminal = _Terminal()
        self._port = settings.port
        self._bootstrap_token = ""
        self._environ = dict(os.environ)
        self._supervisor = Supervisor(self._terminal.tell, self._is_ready, self._tell_address)
        note_exit = self._supervisor.note_exit
        self._redis: list[Part] = []
        if not settings.redis_url:
            config = EmbeddedRedis(settings.data_folder / "redis", before_exec=die_with_parent)
            self._redis = [RedisPart(config, note_exit, self._use_redis)]
        self._migrated, self._not_migrated = os.pipe()
        self._web, self._worker, self._scheduler = self._children = [
            Child(name, self._environ, lifeline, self._terminal.relay, note_exit, after=self._migrated)
            for name in ("web", "worker", "scheduler")
        ]

    def run(self) -> None:
        """Start everything, watch over it, and stop it in the end."""
        self._began = time.monotonic()
        self._terminal.tell(f"Millrace {__version__}, data in {self._settings.data_folder}")
        self._port = self._free_port()
        self._prepare_environ()
        try:
            self._start()
            self._supervisor.watch()
        finally:
            self._asked.stop_now()
            self._stop()

    def _free_port(self) -> int:
        """The port to serve on. The children of a killed `up` may take a moment to let go of it."""
        deadline = time.monotonic() + (PORT_PATIENCE_SECONDS if self._folder.was_left_behind else 0)
        while True:
            try:
                with open_listener(self._settings.host, self._settings.port) as listener:
                    port: int = listener.getsockname()[1]
                    return port
            except PortTaken:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(PORT_LOOK_SECONDS)

    def _prepare_environ(self) -> None:
        self._environ["MILLRACE_PORT"] = str(self._port)
        self._environ["MILLRACE_DATA"] = str(self._settings.data_folder)
        if not self._settings.secret_key:
            self._environ["MILLRACE_SECRET_KEY"] = self._folder.secret()
        if not self._settings.is_loopback and not self._settings.bootstrap_token:
            self._bootstrap_token = secrets.token_urlsafe(TOKEN_BYTES)
            self._environ["MILLRACE_BOOTSTRAP_TOKEN"] = self._bootstrap_token

    def _start(self) -> None:
        self._terminal.tell(f"Starting {'Redis, ' if self._redis else ''}web, worker and scheduler")
        migration = subprocess.Popen([sys.executable, "-m", "millrace.run", "manage", "migrate"], env=self._environ)
        try:
            for redis in self._redis:
                redis.start()
            for child in self._children:
                child.start()
            if migration.wait() != 0:
                raise GivenUp("The database couldn't be brought to the newest schema; what is wrong stands above.")
        finally:
            migration.kill()
        os.close(self._not_migrated)

    def _stop(self) -> None:
        self._terminal.tell("Stopping; Ctrl-C again hurries")
        worker_seconds = self._settings.shutdown_grace.total_seconds() + WORKER_STOP_SECONDS
        groups: list[tuple[list[Part], float]] = [
            ([self._worker], worker_seconds),
            ([self._scheduler, self._web], STOP_SECONDS),
            (self._redis, STOP_SECONDS),
        ]
        stop_in_order(groups, self._asked.is_hurried)
        self._terminal.tell("Stopped")

    def _use_redis(self, url: str) -> None:
        """Tell the children where Redis is; those that run know another address and start again."""
        self._environ["MILLRACE_REDIS_URL"] = url
        for child in self._children:
            child.ask_to_stop()

    # Whether it answers

    def _is_ready(self) -> bool:
        return self._get("/health/ready") is not None

    def _tell_address(self) -> None:
        host = "localhost" if self._settings.host in EVERY_ADDRESS else self._settings.host
        address = f"http://{f'[{host}]' if ':' in host else host}:{self._port}"
        self._terminal.tell(f"Ready after {time.monotonic() - self._began:.1f} s: {address}")
        if self._bootstrap_token and self._needs_bootstrap_token():
            self._terminal.tell(f"The first account needs this bootstrap token: {self._bootstrap_token}")

    def _needs_bootstrap_token(self) -> bool:
        setup = json.loads(self._get("/api/v1/auth/setup") or b"{}")
        return bool(setup.get("bootstrap_token_required"))

    def _get(self, path: str) -> bytes | None:
        """What the web process answers, or None where it doesn't or isn't well."""
        host = EVERY_ADDRESS.get(self._settings.host, self._settings.host)
        connection = http.client.HTTPConnection(host, self._port, timeout=PROBE_SECONDS)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            return body if response.status == http.client.OK else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
