"""Queues jobs whose time has come: scheduled ones, and failed ones whose pause is over."""

from typing import Protocol

PAGE = 1_000
REST_SECONDS = 0.5


class Jobs(Protocol):
    """What this sweep asks of the jobs service."""

    def promote_due(self, limit: int) -> int: ...


class PromoteDue:
    """Promotes a page of due jobs at a time."""

    name = "promote_due"

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def run_once(self) -> float:
        """Promote a page; how many seconds to rest before the next."""
        return rest_after(self._jobs.promote_due(PAGE))


def rest_after(promoted: int) -> float:
    """A full page says that more are due already."""
    return 0.0 if promoted == PAGE else REST_SECONDS
