"""Tells how attempts are getting on: progress and log lines, thinned and in batches, from one thread for all.

Handlers only lay down what they say, so that neither the database nor Redis slows them. What couldn't be written while
the database was away is written later, also after its attempt has ended.
"""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import structlog

from millrace.clock import Clock
from millrace.errors import DatabaseUnavailable
from millrace.jobs.job import Job, LogLine, Progress
from millrace.worker.words import MOST_LINE_LENGTH, MOST_LINES, MOST_PROGRESS_LENGTH, one_line, storable

TICK_SECONDS = 0.1
"""Progress is announced at most once a tick and attempt: ten times a second."""

PROGRESS_STORED_EVERY_SECONDS = 1.0
LINES_WRITTEN_EVERY_SECONDS = 0.3
PAUSE_WITHOUT_DATABASE_SECONDS = 1.0
MOST_LINES_AT_ONCE = 100
LOG_IS_FULL = f"This attempt wrote {MOST_LINES:,} lines; the rest is left out."

log = structlog.get_logger(__name__)


class Announcer(Protocol):
    """What reporting asks of the jobs service."""

    def report_progress(self, progress: Progress, *, store: bool) -> None: ...
    def write_logs(self, lines: Sequence[LogLine]) -> None: ...


class AttemptReport:
    """What one attempt says.

    The handler's thread tells and writes, others may write too; the reporter's thread, and at the end the handler's,
    send.
    """

    def __init__(self, job: Job, jobs: Announcer, clock: Clock, wake: threading.Event) -> None:
        self._job = job
        self._jobs = jobs
        self._clock = clock
        self._wake = wake
        self._sending = threading.Lock()
        self._writing = threading.Lock()
        self._lines: deque[LogLine] = deque()
        self._written = 0
        self._lines_due_at = 0.0
        self._progress: Progress | None = None
        self._announced_seq = self._stored_seq = 0
        self._store_due_at = 0.0
        self.is_finished = False

    def tell(self, fraction: float | None, message: str) -> None:
        """Note how far the attempt is."""
        # A comparison with NaN is false, so that it becomes "unknown" here.
        known = fraction is not None and -1e9 < fraction < 1e9
        self._progress = Progress(
            job_id=self._job.id,
            submitter_id=self._job.submitter_id,
            attempt=self._job.attempt,
            seq=(self._progress.seq if self._progress else 0) + 1,
            fraction=min(max(float(fraction or 0), 0.0), 1.0) if known else None,
            message=one_line(message, MOST_PROGRESS_LENGTH),
        )
        self._wake.set()

    def write(self, level: str, message: str) -> None:
        """Add a line to the log of the attempt, as long as there is room."""
        with self._writing:
            self._add_line(level, message)
        self._wake.set()

    def _add_line(self, level: str, message: str) -> None:
        if self._written > MOST_LINES:
            return
        self._written += 1
        is_full = self._written > MOST_LINES
        line = LogLine(
            job_id=self._job.id,
            submitter_id=self._job.submitter_id,
            attempt=self._job.attempt,
            seq=self._written,
            at=self._clock.utc_now(),
            level="warning" if is_full else level,
            message=LOG_IS_FULL if is_full else storable(message, MOST_LINE_LENGTH),
        )
        self._lines.append(line)

    def finish(self) -> None:
        """Send all that is left. Nothing is told or written after this."""
        self.is_finished = True
        self.send()
        self._wake.set()

    @property
    def is_pending(self) -> bool:
        """Whether something still waits to be sent or stored."""
        seq = self._progress.seq if self._progress else 0
        return bool(self._lines) or seq > self._announced_seq or seq > self._stored_seq

    def send(self) -> None:
        """Send what is due; while the database is away the rest stays for the next time. Never raises."""
        with self._sending:
            now = self._clock.monotonic()
            try:
                self._send_progress(now)
                if self._lines and (self.is_finished or now >= self._lines_due_at):
                    self._send_lines(now)
            except Exception:  # words that can't be written must not fail the work they tell of
                log.exception("report_dropped", job_id=self._job.id, attempt=self._job.attempt)
                self._drop()

    def _drop(self) -> None:
        self._lines.clear()
        if self._progress is not None:
            self._announced_seq = self._stored_seq = self._progress.seq

    def _send_progress(self, now: float) -> None:
        progress = self._progress
        if progress is None or progress.seq <= min(self._announced_seq, self._stored_seq):
            return
        store = progress.seq > self._stored_seq and (self.is_finished or now >= self._store_due_at)
        if not store and progress.seq <= self._announced_seq:
            return
        try:
            self._jobs.report_progress(progress, store=store)
        except DatabaseUnavailable:
            self._store_due_at = now + PAUSE_WITHOUT_DATABASE_SECONDS
            self._jobs.report_progress(progress, store=False)
        else:
            if store:
                self._stored_seq = progress.seq
                self._store_due_at = now + PROGRESS_STORED_EVERY_SECONDS
        self._announced_seq = progress.seq

    def _send_lines(self, now: float) -> None:
        while self._lines:
            lines = [self._lines[index] for index in range(min(len(self._lines), MOST_LINES_AT_ONCE))]
            try:
                self._jobs.write_logs(lines)
            except DatabaseUnavailable:
                self._lines_due_at = now + PAUSE_WITHOUT_DATABASE_SECONDS
                return
            for _ in lines:
                self._lines.popleft()
        self._lines_due_at = now + LINES_WRITTEN_EVERY_SECONDS


class Reporter:
    """Sends what the attempts of this process say. Its thread rests while nobody says anything."""

    def __init__(self, jobs: Announcer, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._reports: set[AttemptReport] = set()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self) -> None:
        """Send what is left, once, and stop."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    def open(self, job: Job) -> AttemptReport:
        """The report of the attempt that `job` was claimed for. It is forgotten once it is finished and sent."""
        report = AttemptReport(job, self._jobs, self._clock, self._wake)
        with self._lock:
            self._reports.add(report)
        return report

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._wake.clear()
            if self._send_all():
                self._wake.set()
                self._closing.wait(TICK_SECONDS)
        self._send_all()

    def _send_all(self) -> bool:
        """Send what is due; whether more will be."""
        with self._lock:
            reports = list(self._reports)
        for report in reports:
            report.send()
        with self._lock:
            self._reports -= {report for report in reports if report.is_finished and not report.is_pending}
        return any(report.is_pending for report in reports)
