"""The lease that makes one scheduler work while any number stand by.

It lasts five seconds by the database's clock. Its holder counts them from before it asked, by its own monotonic clock,
so one that was stopped, or cut off from the database, finds by itself that it holds nothing any more. A page of work
may outlast the lease; every sweep is safe to run twice.
"""

import threading
from datetime import timedelta
from typing import Protocol

import structlog

from millrace.clock import Clock
from millrace.errors import DatabaseUnavailable

NAME = "scheduler"
DURATION = timedelta(seconds=5)
RENEW_SECONDS = 1.5
MARGIN_SECONDS = 0.5
"""By so much the holder lets go before the database would give its lease away."""

log = structlog.get_logger(__name__)


class Leases(Protocol):
    """Where leases are kept. Both methods raise `DatabaseUnavailable`."""

    def take(self, name: str, holder: str, duration: timedelta) -> bool: ...
    def release(self, name: str, holder: str) -> None: ...


class Lease:
    """One scheduler's hold on its work. `keep` belongs to one thread; `is_held` to any."""

    def __init__(self, leases: Leases, holder: str, clock: Clock) -> None:
        self._leases = leases
        self._holder = holder
        self._clock = clock
        self._held_until = 0.0
        self._was_held: bool | None = None
        self._is_cut_off = False

    @property
    def is_held(self) -> bool:
        """Whether this scheduler is the one that works."""
        return self._clock.monotonic() < self._held_until

    def keep(self, stopping: threading.Event) -> None:
        """Take the lease as soon as it is free, and prolong it, until `stopping`."""
        while True:
            try:
                self.renew()
            except Exception:  # a scheduler that asks no more would live, and never work again
                log.exception("lease_broken", holder=self._holder)
            if stopping.wait(RENEW_SECONDS):
                return

    def renew(self) -> None:
        """Ask for the lease once."""
        asked_at = self._clock.monotonic()
        try:
            is_ours = self._leases.take(NAME, self._holder, DURATION)
        except DatabaseUnavailable as error:
            if not self._is_cut_off:  # one that stands by runs no sweep that would say so
                log.warning("lease_not_renewed", holder=self._holder, reason=str(error))
            self._is_cut_off = True
            return
        self._is_cut_off = False
        self._held_until = asked_at + DURATION.total_seconds() - MARGIN_SECONDS if is_ours else 0.0
        if is_ours != self._was_held:
            log.info("scheduler_active" if is_ours else "scheduler_standing_by", holder=self._holder)
        self._was_held = is_ours

    def let_go(self) -> None:
        """Leave the work to another. The sweeps must have ended."""
        self._held_until = 0.0
        try:
            self._leases.release(NAME, self._holder)
        except DatabaseUnavailable as error:
            log.warning("lease_not_released", reason=str(error))
