"""A whole Millrace as real processes, on a database and a Redis of its own that can be killed and started again."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import httpx
from redis import Redis

from millrace.broker.connection import connect
from millrace.queues.limits import LimitChange, Queue
from millrace.services import build_services
from millrace.settings import Settings
from millrace.store.migrate import upgrade
from tests.faults.ledger import ADA, FREE, NARROW, NARROW_QUEUE, Ledger
from tests.faults.own_redis import OwnRedis, die_with_parent
from tests.faults.rest_client import RestClient
from tests.faults.stamps import Stamps
from tests.servers.postgresql import free_port
from tests.waiting import wait_until

__all__ = ["FREE", "NARROW", "NARROW_QUEUE", "START_SECONDS", "Mill", "Process", "Stamps", "mill"]

ROOT = Path(__file__).parents[2]
HANDLERS = ("tests.faults.stamping_handlers", "tests.faults.harmful_handlers")
START_SECONDS = 30
SECRET_KEY = "of no use to anybody who reads this"

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Mill(Ledger):
    """Services of this process beside whatever others are started."""

    folder: Path
    redis: OwnRedis
    client: Redis
    stack: ExitStack
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def start(self, name: str, threads: int = 4, within: Sequence[str | Path] = (), **settings: str) -> Process:
        """Start `millrace <name>`, `within` another command; killed at the end where it still runs. Options are its own
        settings."""
        own = self.services.settings
        environment = {
            **surroundings(),
            "MILLRACE_DATA": str(own.data_folder),
            "MILLRACE_DATABASE_URL": own.database_url,
            "MILLRACE_REDIS_URL": own.redis_url,
            "MILLRACE_WORKER_THREADS": str(threads),
            "MILLRACE_SECRET_KEY": SECRET_KEY,
            **{f"MILLRACE_{setting.upper()}": value for setting, value in settings.items()},
        }
        with (self.folder / f"{name}-{next(self._numbers)}.txt").open("wb") as said:
            process = subprocess.Popen(
                [*within, sys.executable, "-m", "millrace.run", name],
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def start_web(self, port: int | None = None, **settings: str) -> "Web":
        """Start `millrace web`, and wait until it serves."""
        port = port or free_port()
        web = Web(self.start("web", 4, (), port=str(port), **settings), port)
        wait_until(web.serves, START_SECONDS, "the web process to serve")
        return web

    def sign_in(self, web: "Web") -> RestClient:
        """Somebody who submits by REST."""
        return self.stack.enter_context(RestClient(web.url))

    def await_workers(self, count: int) -> None:
        """Wait until so many of the workers' processes listen, and may take."""
        wait_until(lambda: self.listening() == count, START_SECONDS, "workers to listen")
        wait_until(lambda: not self.services.restoration.is_needed(), START_SECONDS, "the queues to be restored")

    def listening(self) -> int:
        """How many processes of workers wait for something to start: all of them that are idle and not deaf."""
        return int(self.client.info("clients")["blocked_clients"])

    def await_looks(self, count: int) -> None:
        """Wait until workers have looked at the queues so many times more. An idle one does so once a second."""
        before = self.commands("bzpopmin")
        wait_until(lambda: self.commands("bzpopmin") >= before + count, 2 * count, "the workers to look")

    def commands(self, name: str = "") -> int:
        """How many commands of this name were given to Redis, or of any but those that tell so."""
        stats = self.client.info("commandstats")
        calls: dict[str, int] = {key.removeprefix("cmdstat_"): stat["calls"] for key, stat in stats.items()}
        return calls.get(name, 0) if name else sum(calls.values()) - calls.get("info", 0)

    def change(self, change: LimitChange) -> Queue:
        """Change the limits of the narrow queue."""
        return self.services.queues.change(NARROW_QUEUE, change, self.account)


@dataclass(frozen=True)
class Web:
    """A web process that was started for real."""

    process: Process
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serves(self) -> bool:
        """Whether it answers. Raises: AssertionError where it has ended."""
        assert self.process.poll() is None, "the web process has ended"
        try:
            return httpx.get(f"{self.url}/health/live").is_success
        except httpx.TransportError:
            return False


def surroundings() -> dict[str, str]:
    """The environment of every process: it finds the tests' handlers, and nobody submits too fast."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))),
        "MILLRACE_HANDLERS": " ".join(HANDLERS),
        "MILLRACE_REQUEST_LIMIT": "1000000 per minute",
    }


def kill(process: Process) -> None:
    """SIGKILL."""
    process.send_signal(signal.SIGKILL)
    process.wait()


@contextmanager
def mill(folder: Path, database_url: str = "") -> Iterator[Mill]:
    """Services without any process yet; on a SQLite in `folder` where no database is given."""
    with tempfile.TemporaryDirectory(prefix="millrace-redis-test-") as redis_folder, ExitStack() as stack:
        redis = OwnRedis(Path(redis_folder))
        stack.callback(redis.stop)
        settings = replace(
            Settings(),
            database_url=database_url or f"sqlite:///{folder / 'millrace.db'}",
            redis_url=redis.url,
            data_folder=folder,
            handler_modules=HANDLERS,
        )
        services = build_services(settings)
        stack.callback(services.close)
        upgrade(services.database)
        account = services.accounts.register(ADA).session.account
        client = stack.enter_context(connect(redis.url))
        yield Mill(services, account, folder, redis, client, stack)
