"""Tells the scheduler that this worker lives and what it holds, and hears in reply which of its jobs were cancelled."""

import os
import socket
import threading

import structlog

from millrace import __version__
from millrace.errors import DatabaseUnavailable
from millrace.jobs.events import Event, JobChanged
from millrace.jobs.states import JobState
from millrace.queues.worker import WorkerStore
from millrace.worker.held import HeldAttempts

BEAT_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Heartbeat:
    """The record of this worker in SQL, kept fresh by a thread of its own."""

    def __init__(
        self,
        worker_id: str,
        queues: frozenset[str],
        threads: int,
        workers: WorkerStore,
        held: HeldAttempts,
    ) -> None:
        self._worker_id = worker_id
        self._queues = tuple(sorted(queues))
        self._threads = threads
        self._workers = workers
        self._held = held
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def register(self) -> bool:
        """Add the worker's record; whether the database took it. May be repeated."""
        try:
            self._register()
        except DatabaseUnavailable as error:
            log.warning("not_registered", reason=str(error))
            return False
        return True

    def start(self) -> None:
        """Begin to beat. The worker must be registered."""
        self._thread.start()

    def stop(self) -> None:
        """Stop beating."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def sign_off(self) -> None:
        """Remove the worker's record. Only where it holds nothing: what a silent worker holds is rescued."""
        try:
            self._workers.deregister(self._worker_id)
        except DatabaseUnavailable as error:
            log.warning("not_signed_off", reason=str(error))

    def hear(self, event: Event) -> None:
        """Stop an attempt as soon as its cancellation is announced, and not only at the next beat."""
        if not isinstance(event, JobChanged):
            return
        job = event.job
        if job.state is JobState.RUNNING and job.cancel_requested and job.worker_id == self._worker_id:
            self._held.cancel({job.id})

    def beat(self) -> None:
        """Beat once, and pass on what the reply says.

        Raises:
            DatabaseUnavailable: It wasn't heard, or the reply was lost.
        """
        cancelled = self._workers.beat(self._worker_id, self._held.deliveries())
        if cancelled is None:
            log.error("given_up_for_lost", held=len(self._held))
            self._held.give_up()
            self._register()
        elif cancelled:
            self._held.cancel(cancelled)

    def _run(self) -> None:
        is_heard = True
        while not self._stopping.wait(BEAT_SECONDS):
            try:
                self.beat()
            except DatabaseUnavailable as error:
                if is_heard:
                    log.warning("heartbeat_not_heard", reason=str(error))
                is_heard = False
            except Exception:  # a worker that falls silent for good, yet goes on claiming, loses every job it claims
                log.exception("heartbeat_broken")
                is_heard = False
            else:
                is_heard = True

    def _register(self) -> None:
        # A registration whose reply was lost may stand already.
        self._workers.deregister(self._worker_id)
        self._workers.register(
            self._worker_id, socket.gethostname(), os.getpid(), __version__, self._queues, self._threads
        )
