"""`millrace up` as one real process with all that it starts, on a data folder of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import psutil

from millrace.services import build_services
from millrace.settings import Settings
from millrace.store.migrate import upgrade
from tests.faults.ledger import ADA, Ledger
from tests.faults.mill import HANDLERS, START_SECONDS, Process, surroundings
from tests.faults.own_redis import die_with_parent
from tests.faults.rest_client import RestClient
from tests.servers.postgresql import free_port
from tests.waiting import wait_until

GRACE_SECONDS = 2


@dataclass(frozen=True)
class OwnUp(Ledger):
    """Jobs are submitted and read beside it; it is killed and started again."""

    folder: Path
    port: int
    stack: ExitStack
    _runs: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        settings = {
            "MILLRACE_DATA": str(self.folder / "var"),
            "MILLRACE_PORT": str(self.port),
            "MILLRACE_SHUTDOWN_GRACE_SECONDS": str(GRACE_SECONDS),
        }
        with (self.folder / f"up-{len(self._runs)}.txt").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "millrace.run", "up"],
                env={**surroundings(), **settings},
                stdout=said,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
        self._runs.append(process)
        wait_until(self.is_ready, START_SECONDS, "up to be ready")

    def is_ready(self) -> bool:
        assert self._runs[-1].poll() is None, "up has ended"
        try:
            return httpx.get(f"{self.url}/health/ready").is_success
        except httpx.TransportError:
            return False

    def kill(self) -> list[psutil.Process]:
        """SIGKILL; the processes that it had started."""
        started = psutil.Process(self._runs[-1].pid).children(recursive=True)
        self._runs[-1].kill()
        self._runs[-1].wait()
        return started

    def end(self) -> None:
        """Leave nothing of it."""
        with suppress(psutil.NoSuchProcess):
            for process in self.kill():
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def sign_in(self) -> RestClient:
        """Somebody who submits by REST."""
        return self.stack.enter_context(RestClient(self.url))


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; a zombie doesn't."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@contextmanager
def own_up(folder: Path) -> Iterator[OwnUp]:
    """`millrace up`, ready, for as long as the block lasts."""
    data = folder / "var"
    data.mkdir()
    settings = replace(
        Settings(),
        database_url=f"sqlite:///{data / 'millrace.db'}",
        redis_url=f"unix://{data / 'redis' / 'redis.sock'}",
        data_folder=data,
        handler_modules=HANDLERS,
    )
    with ExitStack() as stack:
        services = build_services(settings)
        stack.callback(services.close)
        upgrade(services.database)
        account = services.accounts.register(ADA).session.account
        up = OwnUp(services, account, folder, free_port(), stack)
        stack.callback(up.end)
        up.start()
        yield up
