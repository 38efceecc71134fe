"""One process of a worker: Dramatiq's threads and consumers around the attempt runner, until an orderly stop.

No claim and no settlement lives in a Dramatiq hook or depends on one: Dramatiq logs and swallows what a hook raises,
and acknowledges a message whose actor raised.
"""

import threading
import time
from collections.abc import Callable, Collection

import dramatiq
import structlog

from millrace.jobs.events import Event, JobChanged
from millrace.jobs.job import Delivery
from millrace.services import Services
from millrace.worker.attempt import AttemptRunner
from millrace.worker.held import HeldAttempts
from millrace.worker.isolation.launcher import Launcher
from millrace.worker.link import Message
from millrace.worker.patience import Patience, ProcessEnds
from millrace.worker.reporter import Reporter
from millrace.worker.scratch import ScratchFolders

POLL_MILLISECONDS = 250
"""How often Dramatiq's threads look, while there is nothing to do, whether they must end."""

YIELD_SECONDS = 5.0
"""How long handlers have, past the grace time, to come to a checkpoint and be settled."""

THREADS_END_SECONDS = 2.0
LOOK_AGAIN_SECONDS = 0.05

STALLED_SECONDS = 15.0
"""An idle fetcher turns once a second; one that waits for a hung Redis, as often as its socket times out."""

log = structlog.get_logger(__name__)


class WorkerProcess:
    """Serves queues with as many threads as the settings say. `start`, then `stop` once.

    Whoever starts it has registered it, tells others that it lives (`state`), and passes on what they reply.
    """

    def __init__(self, services: Services, process_id: str) -> None:
        self.id = process_id
        self._services = services
        self._queues = services.registry.served(services.settings.worker_queues)
        self._threads = services.settings.worker_threads
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
            Launcher(services.settings),
            self._retire,
        )
        self._is_spent = False
        self._subscriber = services.subscriber(self._hear, _wait_for_the_next_beat, cancellations_only=True)
        self._fetcher = services.broker.serve(self.id, self._threads, self._queues, self._run)
        self._worker = dramatiq.Worker(services.broker, worker_timeout=POLL_MILLISECONDS, worker_threads=self._threads)

    def start(self) -> None:
        """Begin to fetch."""
        self._scratch.open()
        self._reporter.start()
        threading.Thread(target=self._subscriber.run, name="cancellations", daemon=True).start()
        self._worker.start()
        self._fetcher.start()
        log.info("process_started", process_id=self.id, threads=self._threads, queues=sorted(self._queues))

    def state(self) -> Message:
        """What it holds, claims on their way included, and whether it works."""
        held = self._held.deliveries()
        is_well = bool(held) or not self._fetcher.is_stalled(STALLED_SECONDS)
        return {"held": sorted(held), "busy": len(held), "is_well": is_well, "is_spent": self._is_spent}

    @property
    def is_over(self) -> bool:
        """Whether it lost a thread, and nothing else keeps it from being replaced."""
        return self._is_spent and self._held.are_abandoned()

    def cancel(self, job_ids: Collection[str]) -> None:
        """Stop what runs here of `job_ids`: somebody cancelled it."""
        self._held.cancel(job_ids)

    def give_up(self) -> None:
        """Stop all that runs here: it was taken from this process."""
        log.error("given_up_for_lost", process_id=self.id, held=len(self._held))
        self._held.give_up()

    def quiet(self) -> None:
        """Take nothing more."""
        self._fetcher.stop_taking()

    def stop(self, is_hurried: Callable[[], bool] = lambda: False) -> bool:
        """Fetch nothing more, let jobs finish for the grace time, and yield the rest.

        Args:
            is_hurried: Asked now and then; once it is true the grace time is over.

        Returns:
            Whether nothing is left. A handler that comes to no checkpoint is left behind.
        """
        log.info("process_stopping", held=len(self._held))
        self._fetcher.stop_taking()
        if not self._await_the_held(self._services.settings.shutdown_grace.total_seconds(), is_hurried):
            log.info("grace_is_over", held=len(self._held))
        self._held.shut_down()
        is_empty = self._await_the_held(YIELD_SECONDS, lambda: False)
        self._patience.end()
        # Dramatiq's own `stop` ends its threads before its consumers, so nothing may be on its way to them any more.
        self._fetcher.close()
        self._worker.stop(timeout=int(THREADS_END_SECONDS * 1000))
        self._runner.close()
        self._subscriber.stop()
        self._reporter.close()
        if not is_empty:
            log.warning("attempts_left_behind", held=len(self._held))
        self._scratch.close()
        log.info("process_stopped")
        return is_empty

    def _run(self, delivery: Delivery) -> None:
        try:
            self._runner.run(delivery)
        except ProcessEnds:
            log.warning("left_to_the_scheduler", job_id=delivery.job_id, attempt=delivery.attempt)
        except Exception:  # Dramatiq would acknowledge the message all the same, and say less
            log.exception("attempt_broken", job_id=delivery.job_id, attempt=delivery.attempt)

    def _hear(self, event: Event) -> None:
        """Stop an attempt as soon as its cancellation is announced, and not only at the next heartbeat."""
        if not isinstance(event, JobChanged):
            return
        if event.job.worker_id == self.id:
            self._held.cancel({event.job.id})

    def _retire(self) -> None:
        """A thread is lost for good, so take nothing more: another process takes this one's place."""
        self._is_spent = True
        self._fetcher.stop_taking()

    def _await_the_held(self, seconds: float, is_hurried: Callable[[], bool]) -> bool:
        """Wait until nothing is left, or nothing that could end; whether nothing is left."""
        deadline = time.monotonic() + seconds
        while not self._fetcher.wait_until_idle(LOOK_AGAIN_SECONDS):
            if is_hurried() or time.monotonic() >= deadline or self.is_over:
                return False
        return True


def _wait_for_the_next_beat() -> None:
    """A cancellation that wasn't announced is in the reply to the next heartbeat."""
