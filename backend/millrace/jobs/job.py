"""What a job is: its row, as everything above the store sees it. Values only; nothing here changes a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState

Payload = Mapping[str, Any]
"""What a handler is given: JSON, already validated and loaded by the type's schema."""

MAX_SUMMARY_LENGTH = 140
MAX_ERROR_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a message says, and all it says: run this attempt of this job."""

    job_id: str
    attempt: int

    def __str__(self) -> str:
        return f"{self.job_id}:{self.attempt}"

    @classmethod
    def parse(cls, text: str) -> "Delivery":
        """Read `job_id:attempt`.

        Raises:
            ValueError: `text` has another form.
        """
        job_id, _, attempt = text.rpartition(":")
        if not job_id:
            raise ValueError(f"not a delivery: {text!r}")
        return cls(job_id, int(attempt))


@dataclass(frozen=True, slots=True)
class NewJob:
    """A validated job before it has a row. The service made its `id`, a UUIDv7, so a repeated insert finds itself."""

    id: str
    type: str
    summary: str
    queue: str
    priority: Priority
    submitter_id: str
    payload: Payload
    tags: tuple[str, ...]
    max_attempts: int
    time_limit: timedelta
    run_at: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    """A job's row at one `version`. Each change of state raises the version by one; progress doesn't."""

    id: str
    type: str
    summary: str
    queue: str
    priority: Priority
    state: JobState
    attempt: int
    max_attempts: int
    failures: int
    crashes: int
    runs_alone: bool
    submitter_id: str
    tags: tuple[str, ...]
    time_limit_seconds: float
    created_at: datetime
    run_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    worker_id: str | None
    token: str | None
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None
    progress_seq: int
    progress_fraction: float | None
    progress_message: str
    error_code: str | None
    error_message: str | None
    version: int

    @property
    def delivery(self) -> Delivery:
        """The message that would start this job's current attempt."""
        return Delivery(self.id, self.attempt)

    @property
    def time_limit(self) -> timedelta:
        """How long one attempt may run."""
        return timedelta(seconds=self.time_limit_seconds)

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked a running job to stop."""
        return self.cancel_requested_at is not None


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this process runs now, with all its handler needs. `job.token` is the key to settle it."""

    job: Job
    payload: Payload


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt is. Ordered by `(attempt, seq)`; `fraction` is in [0, 1] or unknown."""

    job_id: str
    submitter_id: str
    attempt: int
    seq: int
    fraction: float | None
    message: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a handler wrote. Ordered by `(attempt, seq)`."""

    job_id: str
    submitter_id: str
    attempt: int
    seq: int
    at: datetime
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """What became of one run of a job."""

    job_id: str
    number: int
    worker_id: str | None
    started_at: datetime
    ended_at: datetime
    outcome: str
    error_code: str | None
    error_type: str | None
    error_message: str | None
    traceback: str | None
