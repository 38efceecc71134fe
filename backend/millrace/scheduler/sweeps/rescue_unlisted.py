"""Takes running jobs from workers that live and don't list them.

Rule 5: what a worker holds is what its heartbeat lists. A job that runs on a worker in SQL, and that two of its
heartbeats since then leave out, is in no one's hands: a settlement that couldn't be written, or a fault of ours.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from millrace.jobs.job import Delivery, Job
from millrace.queues.worker import ProcessReport

HEARTBEATS = 2
REST_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Jobs(Protocol):
    """What this sweep asks of the jobs service."""

    def running(self) -> Sequence[Job]: ...
    def rescue_unlisted(self, jobs: Sequence[Job]) -> int: ...


class Workers(Protocol):
    """What this sweep asks of the workers' records."""

    def reports(self) -> Mapping[str, ProcessReport]: ...


class Ledger:
    """Remembers at which heartbeat each attempt was first missed. Pure: the caller reads."""

    def __init__(self) -> None:
        self._missed_at: dict[tuple[str, Delivery], int] = {}

    def unlisted(self, running: Sequence[Job], reports: Mapping[str, ProcessReport]) -> Sequence[Job]:
        """Those of `running` that their worker left out of two heartbeats after it was first missed.

        Args:
            running: Read before `reports`, so that what was claimed in between isn't missed.
        """
        seen, self._missed_at = self._missed_at, {}
        unlisted: list[Job] = []
        for job in running:
            report = reports.get(job.worker_id or "")
            if report is None or report.held is None or str(job.delivery) in report.held:
                continue  # nobody's, which is for rescue_lost; or of a process that is too busy to say; or well
            key = (job.worker_id or "", job.delivery)
            self._missed_at[key] = seen.get(key, report.beats)
            if report.beats >= self._missed_at[key] + HEARTBEATS:
                unlisted.append(job)
        return unlisted


class RescueUnlisted:
    """Compares what runs with what workers list."""

    name = "rescue_unlisted"

    def __init__(self, jobs: Jobs, workers: Workers) -> None:
        self._jobs = jobs
        self._workers = workers
        self._ledger = Ledger()

    def run_once(self) -> float:
        """Compare once, and rescue; how many seconds to rest before the next time."""
        running = self._jobs.running()
        unlisted = self._ledger.unlisted(running, self._workers.reports())
        if unlisted:
            rescued = self._jobs.rescue_unlisted(unlisted)
            log.error("attempts_unlisted", jobs=[job.id for job in unlisted], rescued=rescued)
        return REST_SECONDS
