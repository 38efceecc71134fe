"""Ends attempts in threads that were asked to stop, or whose time is up, and that come to no checkpoint.

No thread can be ended from outside. So the attempt is settled without it: its job ends as it was to end, and whatever
the handler still says or returns is refused by the fence. The thread is lost to its process, which has to be replaced.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from millrace.jobs.job import Job
from millrace.jobs.outcome import Outcome
from millrace.worker.alarms import Alarms
from millrace.worker.handler_end import stopped
from millrace.worker.held import StopReason
from millrace.worker.running import RunningAttempt

PATIENCE_SECONDS = 5.0
"""How long a handler has, from when it should stop, to come to a checkpoint and clean up."""

log = structlog.get_logger(__name__)


class Overdue:
    """Watches attempts that run in threads of this process.

    Args:
        settle: Writes down how an attempt ended; may take long.
        on_abandoned: Told each time that a thread was given up.
    """

    def __init__(
        self, alarms: Alarms, settle: Callable[[Job, Outcome], None], on_abandoned: Callable[[], object]
    ) -> None:
        self._alarms = alarms
        self._settle = settle
        self._on_abandoned = on_abandoned

    @contextmanager
    def watch(self, attempt: RunningAttempt) -> Iterator[None]:
        """Watch `attempt` for as long as the block lasts."""
        has_ended = threading.Event()
        keys: list[object] = []

        def ring() -> None:
            threading.Thread(target=self._abandon, args=(attempt, has_ended), name="abandon", daemon=True).start()

        def set_alarm(seconds: float) -> None:
            keys.append(self._alarms.set(seconds, ring))

        set_alarm(attempt.job.time_limit_seconds + PATIENCE_SECONDS)
        attempt.stop.when_cancelled(lambda: set_alarm(PATIENCE_SECONDS))
        try:
            yield
        finally:
            has_ended.set()
            for key in keys:
                self._alarms.cancel(key)

    def _abandon(self, attempt: RunningAttempt, has_ended: threading.Event) -> None:
        reason = attempt.stop.pressing
        if has_ended.is_set() or reason in (None, StopReason.SHUTDOWN) or not attempt.stop.abandon():
            return  # it came to its end, its process ends as well, or it rang twice
        job = attempt.job
        log.error("attempt_abandoned", job_id=job.id, attempt=job.attempt, type=job.type, reason=str(reason))
        if reason is not StopReason.LOST:  # what was taken from here is another's to settle
            attempt.report.write("error", "It came to no checkpoint, so it was ended without its handler.")
            attempt.report.finish()
            self._settle(job, stopped(reason, job))
        if not has_ended.is_set():
            self._on_abandoned()
