"""A worker whose one process is this very one: its heartbeat speaks for a `WorkerProcess` beside it."""

import os
from collections.abc import Callable

from millrace.queues.worker import NewWorker, ProcessBeat
from millrace.services import Services
from millrace.worker.heartbeat import Heartbeat
from millrace.worker.process import WorkerProcess
from tests.factories import an_id


class OwnWorker:
    """`start` registers it and lets it take; `stop` ends it in order."""

    def __init__(self, services: Services) -> None:
        worker_id = an_id()
        self._services = services
        self.process = WorkerProcess(services, f"{worker_id}.1")
        queues = tuple(services.registry.queues)
        self.worker = NewWorker(worker_id, "here", os.getpid(), "0", "3", queues, 1, services.settings.worker_threads)
        self._heartbeat = Heartbeat(
            self.worker,
            services.workers,
            lambda: [self],
            lambda: 0,
            on_quiet=self.process.quiet,
            on_stop=lambda: None,
        )

    @property
    def id(self) -> str:
        """That of its process, which jobs are booked on."""
        return self.process.id

    @property
    def pid(self) -> int:
        return os.getpid()

    def start(self) -> None:
        self._services.workers.register(self.worker)
        self._services.workers.add_process(self.worker.id, self.id, self.pid)
        self.process.start()
        self._heartbeat.start()

    def stop(self, is_hurried: Callable[[], bool] = lambda: False) -> None:
        self.process.stop(is_hurried)
        self._heartbeat.stop()
        for member_id in (self.id, self.worker.id):
            self._services.workers.deregister(member_id)

    # As the heartbeat's member

    def ask(self) -> None:
        """It needs no asking."""

    def beat(self, timeout_seconds: float) -> ProcessBeat | None:
        del timeout_seconds
        state = self.process.state()
        return ProcessBeat(self.id, state["held"], state["busy"], 0) if state["is_well"] else None

    def cancel(self, job_ids: frozenset[str]) -> None:
        self.process.cancel(job_ids)

    def give_up(self) -> None:
        self.process.give_up()
