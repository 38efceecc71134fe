"""What waits to be sent to one audience, joined: of everything that changes, only its newest state waits.

It is bounded. Where more comes than may be sent, all of it is dropped and one `refetch` waits instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from millrace.jobs.job import Job, LogLine, Progress

T = TypeVar("T")

MAX_JOBS_WAITING = 500
MAX_PROGRESS_WAITING = 500
MAX_LINES_WAITING = 1_000
MAX_PER_MESSAGE = 100
MAX_LINES_PER_MESSAGE = 200

TOO_MUCH = "too_much"
"""The reason of a refetch: more changed than is worth sending."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent at one time. Each of its parts that isn't empty is one message."""

    jobs: Sequence[Job] = ()
    progress: Sequence[Progress] = ()
    lines: Sequence[LogLine] = ()
    refetch: str | None = None

    @property
    def message_count(self) -> int:
        """How many messages it makes."""
        return sum(1 for part in (self.jobs, self.progress, self.lines, self.refetch) if part)


class Outbox:
    """Not safe to share between threads: the hub holds its lock."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._progress: dict[str, Progress] = {}
        self._lines: list[LogLine] = []
        self._refetch: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not (self._jobs or self._progress or self._lines or self._refetch)

    @property
    def waits_for_refetch(self) -> bool:
        """Whether all that waits is the word to ask again."""
        return self._refetch is not None

    def add_job(self, job: Job) -> None:
        """Let this state of the job wait, unless a newer one does."""
        if self._refetch is None:
            waiting = self._jobs.get(job.id)
            if waiting is None or job.version > waiting.version:
                self._jobs[job.id] = job
                self._bound(len(self._jobs), MAX_JOBS_WAITING)

    def add_progress(self, progress: Progress) -> None:
        """Let this progress wait, unless a newer one of the same job does."""
        if self._refetch is None:
            waiting = self._progress.get(progress.job_id)
            if waiting is None or (progress.attempt, progress.seq) > (waiting.attempt, waiting.seq):
                self._progress[progress.job_id] = progress
                self._bound(len(self._progress), MAX_PROGRESS_WAITING)

    def add_lines(self, lines: Sequence[LogLine]) -> None:
        """Append lines of a log."""
        if self._refetch is None:
            self._lines.extend(lines)
            self._bound(len(self._lines), MAX_LINES_WAITING)

    def demand_refetch(self, reason: str) -> None:
        """Drop everything: who is told to ask again needs nothing else."""
        self._jobs, self._progress, self._lines = {}, {}, []
        self._refetch = self._refetch or reason

    def take(self) -> Parcel:
        """Take out what may be sent at one time, oldest first; the rest waits on."""
        if self._refetch is not None:
            parcel = Parcel(refetch=self._refetch)
            self._refetch = None
            return parcel
        return Parcel(
            jobs=_take_values(self._jobs, MAX_PER_MESSAGE),
            progress=_take_values(self._progress, MAX_PER_MESSAGE),
            lines=self._take_lines(),
        )

    def peek(self) -> Parcel:
        """All that waits, left where it is."""
        return Parcel(tuple(self._jobs.values()), tuple(self._progress.values()), tuple(self._lines), self._refetch)

    def _take_lines(self) -> list[LogLine]:
        taken, self._lines = self._lines[:MAX_LINES_PER_MESSAGE], self._lines[MAX_LINES_PER_MESSAGE:]
        return taken

    def _bound(self, waiting: int, most: int) -> None:
        if waiting > most:
            self.demand_refetch(TOO_MUCH)


def _take_values(waiting: dict[str, T], most: int) -> list[T]:
    return [waiting.pop(key) for key in list(waiting)[:most]]
