"""One worker process: Dramatiq's threads and consumers around the attempt runner, from the start to an orderly stop.

No claim and no settlement lives in a Dramatiq hook or depends on one: Dramatiq logs and swallows what a hook raises,
and acknowledges a message whose actor raised.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable

import dramatiq
import structlog

from millrace.jobs.job import Delivery
from millrace.services import Services
from millrace.worker.attempt import AttemptRunner
from millrace.worker.heartbeat import Heartbeat
from millrace.worker.held import HeldAttempts
from millrace.worker.patience import Patience, ProcessEnds
from millrace.worker.reporter import Reporter
from millrace.worker.scratch import ScratchFolders

POLL_MILLISECONDS = 250
"""How often Dramatiq's threads look, while there is nothing to do, whether they must end."""

YIELD_SECONDS = 5.0
"""How long handlers have, past the grace time, to come to a checkpoint and be settled."""

THREADS_END_SECONDS = 2.0
REGISTER_AGAIN_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.05

log = structlog.get_logger(__name__)


class WorkerProcess:
    """Serves every queue of the registry with as many threads as the settings say.

    `start`, then `stop` once; a stopped worker doesn't start again.
    """

    def __init__(self, services: Services) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        self._services = services
        self._patience = Patience()
        self._held = HeldAttempts(services.clock)
        self._reporter = Reporter(services.jobs, services.clock)
        self._scratch = ScratchFolders(services.settings.data_folder / "scratch", self.id)
        self._runner = AttemptRunner(
            self.id,
            services.jobs,
            services.registry,
            services.files,
            self._held,
            self._reporter,
            self._scratch,
            self._patience,
        )
        threads = services.settings.worker_threads
        self._heartbeat = Heartbeat(self.id, services.registry.queues, threads, services.workers, self._held)
        self._subscriber = services.subscriber(self._heartbeat.hear, _wait_for_the_next_beat, jobs_only=True)
        self._fetcher = services.broker.serve(self.id, threads, services.registry.queues, self._run)
        self._worker = dramatiq.Worker(services.broker, worker_timeout=POLL_MILLISECONDS, worker_threads=threads)

    def start(self, wait: Callable[[float], bool] | None = None) -> bool:
        """Register, then begin to fetch.

        Args:
            wait: Waits for some seconds while the database is away; true where the process must end meanwhile.

        Returns:
            Whether it started.
        """
        wait = wait or threading.Event().wait
        while not self._heartbeat.register():
            if wait(REGISTER_AGAIN_SECONDS):
                return False
        self._scratch.open()
        self._heartbeat.start()
        self._reporter.start()
        threading.Thread(target=self._subscriber.run, name="cancellations", daemon=True).start()
        self._worker.start()
        self._fetcher.start()
        log.info(
            "worker_started",
            worker_id=self.id,
            threads=self._services.settings.worker_threads,
            queues=sorted(self._services.registry.queues),
        )
        return True

    def stop(self, is_hurried: Callable[[], bool] = lambda: False) -> None:
        """Fetch nothing more, let jobs finish for the grace time, yield the rest, and sign off.

        Args:
            is_hurried: Asked now and then; once it is true the grace time is over.
        """
        log.info("worker_stopping", held=len(self._held))
        self._fetcher.stop_taking()
        if not self._await_the_held(self._services.settings.shutdown_grace.total_seconds(), is_hurried):
            log.info("grace_is_over", held=len(self._held))
        self._held.shut_down()
        is_empty = self._fetcher.wait_until_idle(YIELD_SECONDS)
        self._patience.end()
        # Dramatiq's own `stop` ends its threads before its consumers, so nothing may be on its way to them any more.
        self._fetcher.close()
        self._worker.stop(timeout=int(THREADS_END_SECONDS * 1000))
        self._subscriber.stop()
        self._reporter.close()
        self._heartbeat.stop()
        if is_empty:
            self._heartbeat.sign_off()
        else:
            log.error("attempts_left_behind", held=len(self._held))
        self._scratch.close()
        log.info("worker_stopped")

    def _run(self, delivery: Delivery) -> None:
        try:
            self._runner.run(delivery)
        except ProcessEnds:
            log.warning("left_to_the_scheduler", job_id=delivery.job_id, attempt=delivery.attempt)
        except Exception:  # Dramatiq would acknowledge the message all the same, and say less
            log.exception("attempt_broken", job_id=delivery.job_id, attempt=delivery.attempt)

    def _await_the_held(self, seconds: float, is_hurried: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + seconds
        while not self._fetcher.wait_until_idle(LOOK_AGAIN_SECONDS):
            if is_hurried() or time.monotonic() >= deadline:
                return False
        return True


def _wait_for_the_next_beat() -> None:
    """A cancellation that wasn't announced is in the next beat's reply."""
