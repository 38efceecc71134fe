"""What the domain needs of the world, as protocols. Adapters implement them; `services.py` joins both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from millrace.jobs.events import Event
from millrace.jobs.job import AttemptRecord, ClaimedJob, Job, LogLine, NewJob, Payload, Progress
from millrace.jobs.outcome import Claim, Rescue, Settlement
from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState
from millrace.jobs.visibility import Visibility

T = TypeVar("T")


class UntilAnswered(Protocol):
    """Does what a database that is away leaves unanswered, as often as it takes."""

    def __call__(self, work: Callable[[], T], /) -> T: ...


class JobStore(Protocol):
    """Every move of a job: one guarded UPDATE per verb. None as an answer says that the guard refused.

    Each method returns after its commit. All raise `DatabaseUnavailable` where the outcome of a move is unknown;
    submit, claim and settle may then be repeated and find themselves done.
    """

    def submit(self, new_job: NewJob) -> Job: ...
    def claim(self, claim: Claim) -> ClaimedJob | None: ...
    def settle(self, settlement: Settlement) -> Job | None: ...
    def promote_due(self, limit: int) -> Sequence[Job]: ...
    def rescue(self, rescues: Sequence[Rescue]) -> Sequence[Job]: ...
    def cancel(self, job_id: str, by: str) -> Job | None: ...
    def requeue(self, job_id: str) -> Job | None: ...
    def prune(self, state: JobState, older_than: timedelta, limit: int) -> int:
        """Delete up to `limit` jobs that ended as `state` longer ago; their files are discarded in the same moment."""

    def save_progress(self, progress: Progress) -> None: ...
    def append_logs(self, job_id: str, lines: Sequence[LogLine]) -> None:
        """Keep lines of one attempt of a job; those that are there already stay as they are."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list shows. An empty tuple filters nothing; several values of one field are alternatives."""

    states: tuple[JobState, ...] = ()
    types: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = ()
    submitter_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueuedMark:
    """A place in the line of queued jobs, ordered by `(queued_at, job_id)`."""

    queued_at: datetime
    job_id: str

    @classmethod
    def of(cls, job: Job) -> "QueuedMark":
        """The place of a job that is queued.

        Raises:
            ValueError: It isn't.
        """
        if job.queued_at is None:
            raise ValueError(f"job {job.id} is {job.state}")
        return cls(job.queued_at, job.id)


class JobQueries(Protocol):
    """Every read of jobs. What a `Visibility` doesn't cover isn't there."""

    def get(self, job_id: str, visibility: Visibility) -> Job | None: ...
    def page(self, where: JobFilter, visibility: Visibility, before: str | None, limit: int) -> Sequence[Job]:
        """Newest first: up to `limit` jobs with ids below `before`."""

    def payload_of(self, job_id: str) -> Payload: ...
    def result_of(self, job_id: str) -> Payload | None: ...
    def attempts_of(self, job_id: str) -> Sequence[AttemptRecord]:
        """Newest first."""

    def logs_of(self, job_id: str, attempt: int, after_seq: int, limit: int) -> Sequence[LogLine]: ...
    def queued_after(self, mark: QueuedMark | None, settled_for_seconds: float, limit: int) -> Sequence[Job]:
        """Queued jobs in order, past `mark`, that have been queued for at least `settled_for_seconds`."""

    def running(self) -> Sequence[Job]: ...
    def running_on(self, worker_id: str) -> Sequence[Job]: ...
    def running_workers(self) -> frozenset[str]:
        """Ids of the workers that some running job is booked on, registered or not."""


class Dispatcher(Protocol):
    """Sends deliveries to workers. Never raises: what isn't sent stays queued in SQL and is sent again, and what isn't
    withdrawn is refused by the claim.
    """

    def send(self, jobs: Sequence[Job]) -> int:
        """Send those that the broker doesn't hold, in order; how many that were."""

    def withdraw(self, jobs: Sequence[Job]) -> int:
        """Take jobs that must not start any more out of line; how many stood there."""


class Publisher(Protocol):
    """Announces events to whoever listens. Never raises and never waits: a lost event is repaired by a refetch."""

    def publish(self, events: Sequence[Event]) -> None: ...


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file whose content is safe, before it has a row. `job_id` and `attempt` are set for artifacts."""

    id: str
    owner_id: str
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    job_id: str | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An upload or an artifact. `job_id` and `attempt` are set for artifacts."""

    id: str
    owner_id: str
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    created_at: datetime
    job_id: str | None = None
    attempt: int | None = None


class FileDirectory(Protocol):
    """What is known of stored files, by id."""

    def get_files(self, file_ids: Sequence[str]) -> Sequence[StoredFile]: ...
    def artifacts_of(self, job_id: str, attempt: int) -> Sequence[StoredFile]: ...
