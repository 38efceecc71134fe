"""What handlers noted while a fault went on: which attempt began, which ended, and when."""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from tests.faults.stamping_handlers import BEGUN


@dataclass(frozen=True, slots=True)
class Stamp:
    """One note. `at` is of the monotonic clock, which is the same in all processes of a host; `said_at` is the time of
    day in the process that noted it."""

    what: str
    job_id: str
    attempt: int
    at: float
    said_at: float


class Stamps:
    """The notes in one file, in order."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def all(self) -> list[Stamp]:
        if not self.file.exists():
            return []
        rows = [line.split() for line in self.file.read_text().splitlines()]
        return [Stamp(what, job_id, int(attempt), float(at), float(said)) for what, job_id, attempt, at, said in rows]

    def begun(self) -> Counter[str]:
        """How often each job began."""
        return Counter(stamp.job_id for stamp in self.all() if stamp.what == BEGUN)

    def begun_attempts(self) -> Counter[tuple[str, int]]:
        """How often each attempt of each job began."""
        return Counter((stamp.job_id, stamp.attempt) for stamp in self.all() if stamp.what == BEGUN)

    def at_work(self) -> set[str]:
        """The jobs that have begun and not ended."""
        last = {stamp.job_id: stamp.what for stamp in self.all()}
        return {job_id for job_id, what in last.items() if what == BEGUN}

    def most_at_once(self, job_ids: Container[str]) -> int:
        """How many of these were at work at once, at most. Each was for longer than its notes say."""
        steps = (1 if stamp.what == BEGUN else -1 for stamp in self.all() if stamp.job_id in job_ids)
        return max(accumulate(steps), default=0)
