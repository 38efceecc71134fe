"""Sends queued jobs that the broker doesn't hold: their message was lost, or never sent.

A cursor goes over all queued jobs, five seconds behind the present, so that it doesn't compete with what is just being
sent. At the end it begins anew, so that jobs it has passed are found as well when Redis forgets everything.
"""

from datetime import timedelta
from typing import Protocol

import structlog

from millrace.jobs.ports import QueuedMark

PAGE = 1_000
SETTLED_FOR = timedelta(seconds=5)
REST_BETWEEN_PAGES_SECONDS = 0.2
REST_AT_THE_END_SECONDS = 2.0
"""With the five seconds before a job is looked for, well within the fifteen after which it must be on its way."""


log = structlog.get_logger(__name__)


class Jobs(Protocol):
    """What this sweep asks of the jobs service."""

    def resend_unsent(
        self, after: QueuedMark | None, settled_for: timedelta, limit: int
    ) -> tuple[QueuedMark | None, int]: ...


class ResendUnsent:
    """Looks at a page of queued jobs at a time. A new one begins with the oldest."""

    name = "resend_unsent"

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._mark: QueuedMark | None = None

    def run_once(self) -> float:
        """Look at a page; how many seconds to rest before the next."""
        self._mark, sent = self._jobs.resend_unsent(self._mark, SETTLED_FOR, PAGE)
        if sent:
            log.info("resent", count=sent)
        return rest_after(is_at_the_end=self._mark is None, sent=sent)


def rest_after(*, is_at_the_end: bool, sent: int) -> float:
    """Where jobs were missing, the next page is most likely to miss some too, and they have waited long enough."""
    if is_at_the_end:
        return REST_AT_THE_END_SECONDS
    return 0.0 if sent else REST_BETWEEN_PAGES_SECONDS
