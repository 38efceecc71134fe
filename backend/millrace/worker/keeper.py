"""Keeps one process of this worker alive: starts it, reports at once what died with it, starts the next.

A death is told to the jobs service by whoever saw it. What nobody could tell, because the database was away or the
worker died as well, is found by the scheduler.
"""

import math
import threading
import time
from collections.abc import Callable

import structlog

from millrace.errors import BrokerUnavailable, DatabaseUnavailable
from millrace.processes.restarts import FIRST_PAUSE_SECONDS, Restarts, describe_exit
from millrace.services import Services
from millrace.worker.child import ChildProcess
from millrace.worker.process import THREADS_END_SECONDS, YIELD_SECONDS

END_SECONDS = 5.0
AGAIN_SECONDS = 1.0
LOOK_SECONDS = 1.0
READY_SECONDS = 60.0
"""A process that hasn't loaded its code by then hangs: a handler module waits for something at its import."""

log = structlog.get_logger(__name__)


def stop_seconds(grace_seconds: float) -> float:
    """How long a process may take to end, once it was asked to."""
    return grace_seconds + YIELD_SECONDS + THREADS_END_SECONDS + END_SECONDS


class ProcessKeeper:
    """Runs in a thread of its own, from `start` until `stop`, one process after the other."""

    def __init__(self, seat: int, worker_id: str, services: Services, launch: Callable[[], ChildProcess]) -> None:
        self.seat = seat
        self.is_quiet = False
        self._worker_id = worker_id
        self._services = services
        self._launch = launch
        self._restarts = Restarts()
        self._stopping = threading.Event()
        self._deadline = math.inf
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None
        self._has_begun = False
        # The kernel ends a process when the thread that started it ends, so that this thread outlives its processes.
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin to keep a process."""
        self._thread.start()

    @property
    def member(self) -> ChildProcess | None:
        """The process, where one has begun and lives."""
        with self._lock:
            return self._child if self._has_begun else None

    @property
    def is_spent(self) -> bool:
        """Whether its process should be replaced: it runs what it has to its end, and takes nothing more."""
        return not self.is_quiet and (member := self.member) is not None and member.is_spent

    def quiet(self) -> None:
        """Let the process take nothing more, and start no other: it would."""
        with self._lock:
            self.is_quiet = True
            if self._child is None:
                return
            if self._has_begun:
                self._child.quiet()
            else:
                self._child.ask_to_stop()

    def ask_to_stop(self) -> None:
        """Let the process end in order, and start no other. Asking again changes nothing."""
        if self._stopping.is_set():
            return
        self._deadline = time.monotonic() + stop_seconds(self._services.settings.shutdown_grace.total_seconds())
        self._stopping.set()
        with self._lock:
            if self._child is not None:
                self._child.ask_to_stop()

    def hurry(self) -> None:
        """Cut the grace time short."""
        self._deadline = time.monotonic() + stop_seconds(0.0)
        with self._lock:
            if self._child is not None:
                self._child.hurry()

    def has_ended(self, timeout_seconds: float) -> bool:
        """Wait until the process has ended and what it left is settled; whether it has."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def _may_go_on(self) -> bool:
        return not self._stopping.is_set() and not self.is_quiet

    def _run(self) -> None:
        while self._may_go_on:
            started_at = time.monotonic()
            has_begun = False
            try:
                has_begun = self._keep_one()
            except Exception:  # a seat that nobody keeps would stay empty, and the worker live on without it
                log.exception("keeping_broken")
            now = time.monotonic()
            # One that ran jobs may have died of them, which is told job by job: no reason for the others to wait.
            pause = FIRST_PAUSE_SECONDS if has_begun else self._restarts.pause_after(now - started_at, now)
            if self._may_go_on:
                log.warning("process_starts_again", seat=self.seat, after_seconds=pause)
                self._stopping.wait(pause)

    def _keep_one(self) -> bool:
        """Start a process and see it through to its end; whether it had begun to take jobs."""
        child = self._launch()
        try:
            with self._lock:
                self._child = child
            self._await_ready(child)
            registered = self._until_answered(
                lambda: self._services.workers.add_process(self._worker_id, child.id, child.pid)
            )
            with self._lock:
                self._has_begun = registered and self._may_go_on
                has_begun = self._has_begun
                child.begin() if has_begun else child.ask_to_stop()
            how = self._await_end(child)
            with self._lock:
                self._has_begun = False
            self._until_answered(lambda: self._settle(child, how))
            self._forget(child)
        finally:
            self._let_go(child)
        return has_begun

    def _await_ready(self, child: ChildProcess) -> None:
        """Wait until it has loaded its code; one that hangs at that is ended."""
        deadline = time.monotonic() + READY_SECONDS
        while not child.await_ready(LOOK_SECONDS):
            if time.monotonic() > min(deadline, self._deadline):
                log.error("process_not_ready", process_id=child.id, seat=self.seat)
                child.kill()

    def _await_end(self, child: ChildProcess) -> str:
        """How it ended, in words."""
        while not child.wait(LOOK_SECONDS):
            if self._has_begun and child.is_stuck:
                child.kill()
                child.wait()
                return "answered nobody for a minute and was ended"
            if time.monotonic() > self._deadline:
                child.kill()
        return describe_exit(child.exit_code)

    def _settle(self, child: ChildProcess, how: str) -> None:
        jobs = self._services.jobs
        if self._stopping.is_set() or child.ends_in_order:
            if left := jobs.yield_all(child.id):
                log.warning("yielded", process_id=child.id, jobs=[job.id for job in left])
        else:
            lost = jobs.report_death(child.id, how)
            log.error("process_died", process_id=child.id, how=how, jobs=[job.id for job in lost])
        self._services.workers.deregister(child.id)

    def _forget(self, child: ChildProcess) -> None:
        try:
            self._services.line.forget(child.id)
        except BrokerUnavailable as error:  # the scheduler finds what is booked on a process that isn't registered
            log.warning("not_put_back", process_id=child.id, reason=str(error))

    def _until_answered(self, work: Callable[[], object]) -> bool:
        """Do `work` until the database answers; false where the worker must end meanwhile."""
        while True:
            try:
                work()
            except DatabaseUnavailable as error:
                log.warning("database_away", reason=str(error))
                if self._stopping.wait(AGAIN_SECONDS):
                    return False
            else:
                return True

    def _let_go(self, child: ChildProcess) -> None:
        with self._lock:
            self._child, self._has_begun = None, False
        if child.exit_code is None:
            child.kill()
            child.wait()
        child.close()
