"""What the domain announces. State events carry the whole row, so that a reader orders them by `version`."""

from dataclasses import dataclass

from millrace.jobs.job import Job, LogLine, Progress


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job was submitted or moved; `job` is its row after that."""

    job: Job


@dataclass(frozen=True, slots=True)
class ProgressMade:
    """A running attempt told how far it is."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class LogWritten:
    """A running attempt wrote lines to its log."""

    lines: tuple[LogLine, ...]


Event = JobChanged | ProgressMade | LogWritten
