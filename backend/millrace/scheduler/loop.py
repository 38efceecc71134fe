"""The scheduler's loop: each sweep repeats in a thread of its own, so that one that fails or hangs delays no other.

While another scheduler holds the lease, all stand by.
"""

import os
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from millrace.errors import Unavailable
from millrace.scheduler.lease import Lease
from millrace.scheduler.sweeps.apply_limits import ApplyLimits
from millrace.scheduler.sweeps.promote_due import PromoteDue
from millrace.scheduler.sweeps.prune import Prune
from millrace.scheduler.sweeps.rescue_lost import RescueLost
from millrace.scheduler.sweeps.rescue_unlisted import RescueUnlisted
from millrace.scheduler.sweeps.resend_unsent import ResendUnsent
from millrace.scheduler.sweeps.restore_queues import RestoreQueues
from millrace.services import Services

FIRST_REST_SECONDS = 0.25
LONGEST_REST_SECONDS = 2.0
"""After a failure. Shorter than the gap between two readings of the workers' counters may be."""

LAST_SWEEP_SECONDS = 10.0
STAND_BY_SECONDS = 0.25

log = structlog.get_logger(__name__)


class Sweep(Protocol):
    """One duty."""

    @property
    def name(self) -> str: ...

    def run_once(self) -> float:
        """Do a page of work; how many seconds to rest before the next. May raise anything; may run twice."""


class SchedulerLoop:
    """Runs sweeps side by side, as long as it holds the lease."""

    def __init__(self, sweeps: Sequence[Sweep], lease: Lease) -> None:
        self._sweeps = sweeps
        self._lease = lease
        self._stopping = threading.Event()

    @classmethod
    def of(cls, services: Services) -> "SchedulerLoop":
        """With every sweep there is."""
        return cls(
            [
                PromoteDue(services.jobs),
                ApplyLimits(services.queues),
                ResendUnsent(services.jobs),
                RescueLost(services.jobs, services.workers, services.line, services.clock),
                RescueUnlisted(services.jobs, services.workers),
                RestoreQueues(services.jobs, services.queues, services.restoration),
                Prune.of(services.jobs, services.files, services.accounts, services.settings, services.clock),
            ],
            Lease(services.leases, f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}", services.clock),
        )

    def run(self, wait: Callable[[], object]) -> None:
        """Run until `wait` returns, and then until the sweeps have finished their page."""
        threads = [
            threading.Thread(target=self._repeat, args=(sweep,), name=sweep.name, daemon=True) for sweep in self._sweeps
        ]
        keeper = threading.Thread(target=self._lease.keep, args=(self._stopping,), name="lease", daemon=True)
        for thread in (keeper, *threads):
            thread.start()
        log.info("scheduler_started", sweeps=[sweep.name for sweep in self._sweeps])
        try:
            wait()
        finally:
            self._stopping.set()
            for thread in (keeper, *threads):
                thread.join(LAST_SWEEP_SECONDS)
            self._lease.let_go()
        log.info("scheduler_stopped")

    def _repeat(self, sweep: Sweep) -> None:
        failures, away = 0, ""
        while True:
            if not self._lease.is_held:
                if self._stopping.wait(STAND_BY_SECONDS):
                    return
                continue
            try:
                rest = sweep.run_once()
                failures, away = 0, ""
            except Unavailable as error:
                if error.code != away:
                    log.warning("part_away", sweep=sweep.name, code=error.code, reason=str(error))
                away = error.code
                failures += 1
            except Exception:  # a fault in one sweep must not end it for good
                log.exception("sweep_failed", sweep=sweep.name)
                failures += 1
            if self._stopping.wait(rest_after_failure(failures) if failures else rest):
                return


def rest_after_failure(failures: int) -> float:
    """Doubles from failure to failure, up to a limit."""
    return min(FIRST_REST_SECONDS * 2.0 ** min(failures - 1, 10), LONGEST_REST_SECONDS)
