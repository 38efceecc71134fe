"""What the workers report: a file of records, counted by its size and read at the end."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.broker.engines.job import RECORD


class Invalid(Exception):
    """A measurement that doesn't count: a job was lost, ran twice, or was left behind."""


@dataclass(frozen=True, slots=True)
class Record:
    """One job that ran; times are nanoseconds of the host's monotonic clock."""

    number: int
    started: int
    ended: int
    worker: int


@dataclass(frozen=True, slots=True)
class Records:
    """The file that the worker processes of one measurement append to."""

    path: Path

    def count(self) -> int:
        return self.path.stat().st_size // RECORD.size

    def read(self) -> list[Record]:
        """All so far, by their start."""
        records = (Record(*fields) for fields in RECORD.iter_unpack(self.path.read_bytes()))
        return sorted(records, key=lambda record: record.started)

    def check(self, expected: Iterable[int]) -> list[Record]:
        """All, once it is sure that each of `expected` ran exactly once and nothing else did.

        Raises:
            Invalid: That isn't so.
        """
        records = self.read()
        ran, wanted = Counter(record.number for record in records), set(expected)
        if lost := wanted - set(ran):
            raise Invalid(f"{len(lost)} jobs never ran, such as {min(lost)}")
        if repeated := [number for number, times in ran.items() if times > 1]:
            raise Invalid(f"{len(repeated)} jobs ran more than once, such as {repeated[0]}")
        if unknown := set(ran) - wanted:
            raise Invalid(f"{len(unknown)} jobs ran that nobody sent, such as {min(unknown)}")
        return records
