"""A worker: some processes on this host that run jobs, kept alive, spoken for, and stopped together."""

import os
import platform
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count

import psutil
import structlog

from millrace import __version__
from millrace.errors import DatabaseUnavailable
from millrace.queues.worker import NewWorker
from millrace.services import Services
from millrace.worker.child import ChildProcess
from millrace.worker.heartbeat import Heartbeat
from millrace.worker.keeper import ProcessKeeper, stop_seconds

REGISTER_AGAIN_SECONDS = 1.0
LOOK_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.05
LAST_WORD_SECONDS = 5.0
"""How long the last words to the database may take: one that doesn't answer must not keep a worker from ending."""

MOST_IN_A_SEAT = 3
"""How many processes there may be for each that is wanted: those that take nothing more and still run jobs stay."""

log = structlog.get_logger(__name__)


class Supervisor:
    """`run` once.

    Args:
        command: Starts a process; its seat, its id and the descriptor of its link are appended.
        environ: The environment of the processes.
    """

    def __init__(self, services: Services, command: Sequence[str], environ: Mapping[str, str]) -> None:
        settings = services.settings
        self.id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        self._services = services
        self._worker = NewWorker(
            id=self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            python=platform.python_version(),
            queues=tuple(sorted(services.registry.served(settings.worker_queues))),
            processes=settings.worker_processes,
            threads=settings.worker_threads,
        )
        self._command = command
        self._environ = environ
        self._numbers = count(1)
        self._is_quiet = False
        self._keepers = [self._keeper(seat) for seat in range(1, settings.worker_processes + 1)]
        self._ordered_to_stop = threading.Event()
        own = psutil.Process()
        self._heartbeat = Heartbeat(
            self._worker,
            services.workers,
            self._members,
            lambda: int(own.memory_info().rss),
            on_quiet=self._quiet,
            on_stop=self._ordered_to_stop.set,
        )

    def run(self, wait: Callable[[float], bool], is_hurried: Callable[[], bool]) -> None:
        """Run until somebody asks to stop, here or through the API, and then until the processes have ended.

        Args:
            wait: Waits for some seconds; true once this process must end.
            is_hurried: Whether it must end at once.
        """
        if not self._register(wait):
            return
        for keeper in self._keepers:
            keeper.start()
        self._heartbeat.start()
        log.info("worker_started", worker_id=self.id, processes=len(self._keepers), queues=self._worker.queues)
        while not wait(LOOK_SECONDS) and not self._ordered_to_stop.is_set():
            self._replace_the_spent()
        log.info("worker_stopping", worker_id=self.id)
        self._stop(is_hurried)
        log.info("worker_stopped", worker_id=self.id)

    def _keeper(self, seat: int) -> ProcessKeeper:
        keeper = ProcessKeeper(seat, self.id, self._services, partial(self._launch, seat))
        keeper.is_quiet = self._is_quiet
        return keeper

    def _replace_the_spent(self) -> None:
        """Put another process beside one that takes nothing more, whose jobs have all the time they need."""
        keepers = [keeper for keeper in self._keepers if not (keeper.is_quiet and keeper.has_ended(0))]
        for keeper in [keeper for keeper in keepers if keeper.is_spent]:
            log.warning("process_replaced", worker_id=self.id, seat=keeper.seat)
            keeper.quiet()
            another = self._keeper(keeper.seat)
            keepers.append(another)
            another.start()
        self._keepers = keepers
        retired = [keeper for keeper in keepers if keeper.is_quiet]
        if len(keepers) > MOST_IN_A_SEAT * self._worker.processes and retired:
            retired[0].ask_to_stop()

    def _launch(self, seat: int) -> ChildProcess:
        process_id = f"{self.id}.{next(self._numbers)}"
        return ChildProcess(process_id, [*self._command, str(seat)], self._environ)

    def _register(self, wait: Callable[[float], bool]) -> bool:
        while True:
            try:
                self._services.workers.register(self._worker)
            except DatabaseUnavailable as error:
                log.warning("not_registered", reason=str(error))
                if wait(REGISTER_AGAIN_SECONDS):
                    return False
            else:
                return True

    def _members(self) -> Sequence[ChildProcess]:
        return [member for keeper in self._keepers if (member := keeper.member) is not None]

    def _quiet(self) -> None:
        log.info("worker_quiet", worker_id=self.id)
        self._is_quiet = True
        for keeper in self._keepers:
            keeper.quiet()

    def _stop(self, is_hurried: Callable[[], bool]) -> None:
        """The heartbeat goes on meanwhile: what still runs is not to be taken for lost."""
        for keeper in self._keepers:
            keeper.ask_to_stop()
        has_hurried = False
        deadline = self._must_end_at(self._services.settings.shutdown_grace.total_seconds())
        while not all(keeper.has_ended(LOOK_AGAIN_SECONDS) for keeper in self._keepers):
            if is_hurried() and not has_hurried:
                has_hurried = True
                deadline = self._must_end_at(0.0)
                for keeper in self._keepers:
                    keeper.hurry()
            if time.monotonic() > deadline:  # the processes have ended; it's the database that keeps silent
                log.error("not_settled", worker_id=self.id)
                return
        self._heartbeat.stop(LAST_WORD_SECONDS)
        signing_off = threading.Thread(target=self._sign_off, daemon=True)
        signing_off.start()
        signing_off.join(LAST_WORD_SECONDS)

    def _must_end_at(self, grace_seconds: float) -> float:
        return time.monotonic() + stop_seconds(grace_seconds) + LAST_WORD_SECONDS

    def _sign_off(self) -> None:
        try:
            self._services.workers.deregister(self.id)
        except DatabaseUnavailable as error:
            log.warning("not_signed_off", reason=str(error))
