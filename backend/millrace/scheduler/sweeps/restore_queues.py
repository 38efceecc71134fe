"""Fills the queues again after Redis was restarted, replaced or emptied.

Limits and what runs come first, so that no limit is broken; then all queued jobs in order; then the workers may take.
What was queued meanwhile, and was refused by the broker because it may not overtake, follows.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from millrace.jobs.job import Job
from millrace.jobs.ports import QueuedMark

PAGE = 1_000
REST_SECONDS = 1.0
CLAIMS_LAND_SECONDS = 0.5
"""What was taken before Redis forgot is being claimed; restored as queued, it would not count against its limit."""

OVERLAP = timedelta(seconds=10)
"""Longer than a commit takes: a job's place in the line is older than the moment when others see it."""

LOWEST_ID = str(UUID(int=0))

log = structlog.get_logger(__name__)


class Jobs(Protocol):
    """What this sweep asks of the jobs service."""

    def running(self) -> Sequence[Job]: ...
    def queued_after(self, after: QueuedMark | None, limit: int) -> Sequence[Job]: ...


class Queues(Protocol):
    """What this sweep asks of the queues service."""

    def apply_limits(self) -> None: ...


class Restoration(Protocol):
    """What this sweep asks of the broker. All raise `BrokerUnavailable`."""

    def is_needed(self) -> bool: ...
    def begin(self) -> bool: ...
    def add_running(self, jobs: Sequence[Job]) -> None: ...
    def drop_running(self, jobs: Sequence[Job]) -> None: ...
    def add_queued(self, jobs: Sequence[Job]) -> int: ...
    def finish(self) -> bool: ...


class RestoreQueues:
    """Looks whether Redis forgot, and restores."""

    name = "restore_queues"

    def __init__(self, jobs: Jobs, queues: Queues, restoration: Restoration) -> None:
        self._jobs = jobs
        self._queues = queues
        self._restoration = restoration
        self._has_begun = False

    def run_once(self) -> float:
        """Look, or restore what the last look found missing; how many seconds to rest before the next step."""
        if self._has_begun:
            self._has_begun = False
            return REST_SECONDS if self._restore() else 0.0
        self._has_begun = self._restoration.is_needed() and self._restoration.begin()
        return CLAIMS_LAND_SECONDS if self._has_begun else REST_SECONDS

    def _restore(self) -> bool:
        self._queues.apply_limits()
        running = self._jobs.running()
        self._restoration.add_running(running)
        # One that ended before it was noted has been acknowledged already: nobody would free its slot.
        still_running = {job.delivery for job in self._jobs.running()}
        self._restoration.drop_running([job for job in running if job.delivery not in still_running])
        sent, last = self._send_queued(None)
        if not self._restoration.finish():
            log.warning("redis_forgot_again")
            return False
        late, _ = self._send_queued(last and well_before(last))
        log.info("queues_restored", running=len(running), sent=sent + late)
        return True

    def _send_queued(self, mark: QueuedMark | None) -> tuple[int, QueuedMark | None]:
        """Send all that is queued past `mark`, in order; how many weren't there, and the last one's place."""
        sent = 0
        while page := self._jobs.queued_after(mark, PAGE):
            sent += self._restoration.add_queued(page)
            mark = QueuedMark.of(page[-1])
            if len(page) < PAGE:
                break
        return sent, mark


def well_before(mark: QueuedMark) -> QueuedMark:
    """A place in the line from which nothing is missed that was committed after `mark` was passed."""
    return QueuedMark(mark.queued_at - OVERLAP, LOWEST_ID)
