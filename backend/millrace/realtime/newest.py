"""What was heard last of each job, so that an event that comes late or twice is dropped and never shown."""

from collections import OrderedDict
from collections.abc import Sequence

from millrace.jobs.job import Job, LogLine, Progress

MAX_JOBS_REMEMBERED = 20_000

Order = tuple[int, int]


class Newest:
    """Remembers the jobs that changed last, up to a bound. Used by one thread."""

    def __init__(self, *, most: int = MAX_JOBS_REMEMBERED) -> None:
        self._versions = _Memory(most)
        self._progress = _Memory(most)
        self._lines = _Memory(most)

    def admits_job(self, job: Job) -> bool:
        """Whether this state of the job is newer than all that came before."""
        return self._versions.advance(job.id, (job.version, 0))

    def admits_progress(self, progress: Progress) -> bool:
        """Whether this progress is newer than all that came before."""
        return self._progress.advance(progress.job_id, (progress.attempt, progress.seq))

    def new_lines(self, lines: Sequence[LogLine]) -> list[LogLine]:
        """Those of `lines` that come after all that came before, in order."""
        ordered = sorted(lines, key=lambda line: (line.attempt, line.seq))
        return [line for line in ordered if self._lines.advance(line.job_id, (line.attempt, line.seq))]

    def forget(self) -> None:
        """Begin anew: after a gap everybody asks again, and what they are told may be older than what is here."""
        self._versions.clear()
        self._progress.clear()
        self._lines.clear()


class _Memory:
    """The highest order by job, of the jobs that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Order] = OrderedDict()

    def advance(self, job_id: str, order: Order) -> bool:
        """Remember `order` if it is higher than what was remembered; whether it was."""
        kept = self._kept.get(job_id)
        if kept is not None and kept >= order:
            return False
        self._kept[job_id] = order
        self._kept.move_to_end(job_id)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return True

    def clear(self) -> None:
        self._kept.clear()
