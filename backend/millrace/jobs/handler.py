"""The contract of a job type: all that a file in `handlers/` may know of Millrace.

A job type gives a name, a marshmallow schema that validates its payload and draws its form, and `run`. What `run` may
do to the world outside its own return value goes through the `JobContext`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal, Protocol, Self

from marshmallow import Schema, fields

from millrace.jobs.job import Payload
from millrace.jobs.retry import RetryPolicy
from millrace.settings import Settings

__all__ = [
    "FileId",
    "HandlerSignal",
    "Isolation",
    "JobCancelled",
    "JobContext",
    "JobHandler",
    "JobLog",
    "JobResult",
    "Payload",
    "PermanentFailure",
    "RetryLater",
    "RetryPolicy",
    "TimeLimitExceeded",
]

JobResult = Mapping[str, Any] | None
"""What a handler returns: a JSON object, or nothing."""

SchemaClass = type[Schema]

Isolation = Literal["thread", "process"]
"""Where a handler runs: in a thread beside others, or in a process of its own that may be killed at any moment."""

DEFAULT_TIME_LIMIT = timedelta(minutes=10)
LONGEST_TIME_LIMIT = timedelta(hours=24)
DEFAULT_MEMORY_LIMIT_BYTES = 1024 * 1024 * 1024


class HandlerSignal(Exception):
    """What a handler raises, or lets pass, to end an attempt on purpose. Control flow, not an error."""


class PermanentFailure(HandlerSignal):
    """The job can't succeed, so it isn't tried again. The message is shown to the person who submitted it."""

    def __init__(self, message: str, *, code: str = "permanent_failure") -> None:
        self.message = message
        self.code = code
        super().__init__(message)


class RetryLater(HandlerSignal):
    """The job can't succeed now; try again after `delay`. It counts as a failed attempt."""

    def __init__(self, delay: timedelta, message: str, *, code: str = "retry_later") -> None:
        self.delay = delay
        self.message = message
        self.code = code
        super().__init__(message)


class JobCancelled(HandlerSignal):
    """Somebody cancelled the job. Raised by the context; a handler only lets it pass."""


class TimeLimitExceeded(HandlerSignal):
    """The attempt ran longer than its time limit. Raised by the context; a handler only lets it pass."""


class FileId(fields.String):
    """A payload field that names an uploaded file.

    Args:
        accept: Content types that the handler can read; empty for any.
        max_bytes: The largest file it takes, or None for any that could be uploaded.
    """

    def __init__(self, *, accept: Sequence[str] = (), max_bytes: int | None = None, **options: Any) -> None:
        self.accept = tuple(accept)
        self.max_bytes = max_bytes
        hints: dict[str, Any] = {"format": "file-id"}
        if accept:
            hints["x-accept"] = list(accept)
        if max_bytes is not None:
            hints["x-max-bytes"] = max_bytes
        metadata = {**hints, **options.pop("metadata", {})}
        super().__init__(metadata=metadata, **options)


class JobLog(Protocol):
    """The log of an attempt; each call is one line, shown live on the job's page."""

    def debug(self, message: str) -> None: ...
    def info(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...


class JobContext(Protocol):
    """What a running attempt may ask of Millrace. Not shared between threads."""

    @property
    def job_id(self) -> str: ...

    @property
    def attempt(self) -> int: ...

    @property
    def log(self) -> JobLog: ...

    @property
    def scratch_folder(self) -> Path:
        """An empty folder of this attempt alone; removed when the attempt ends."""

    def progress(self, fraction: float | None, message: str = "") -> None:
        """Tell how far the attempt is: `fraction` in [0, 1], or None where that is unknown. Also a checkpoint."""

    def checkpoint(self) -> None:
        """Stop here where somebody cancelled the job, its time is up or the worker shuts down.

        Raises:
            HandlerSignal: The attempt must end; let it pass.
        """

    def open_input(self, file_id: str) -> BinaryIO:
        """Open a file that belongs to the job's submitter. The stream's `name` is the name it was uploaded under.

        Raises:
            PermanentFailure: There is no such file, or it belongs to somebody else.
        """

    def open_artifact(self, job_id: str, name: str) -> BinaryIO:
        """Open an artifact of another job of the same submitter.

        Raises:
            PermanentFailure: There is no such artifact, or it belongs to somebody else.
        """

    def save_artifact(self, name: str, content: bytes | Path) -> None:
        """Keep a file that this attempt made: its bytes, or a path in the scratch folder. A name twice replaces."""


class JobHandler(ABC):
    """One job type. Subclasses live one to a file in `handlers/`; the registry makes one instance per process.

    With `isolation = "process"` each attempt has a process of its own: a cancellation and the time limit end it even
    where `run` comes to no checkpoint, and a crash or a lack of memory ends that attempt alone. It costs some
    milliseconds a job. `memory_limit_bytes` holds there: a thread has no memory of its own.
    """

    type: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str] = ""
    payload_schema: ClassVar[SchemaClass]
    example: ClassVar[Mapping[str, Any]]
    queue: ClassVar[str] = "default"
    retry: ClassVar[RetryPolicy] = RetryPolicy()
    time_limit: ClassVar[timedelta] = DEFAULT_TIME_LIMIT
    longest_time_limit: ClassVar[timedelta] = LONGEST_TIME_LIMIT
    most_attempts: ClassVar[int] = 25
    isolation: ClassVar[Isolation] = "thread"
    memory_limit_bytes: ClassVar[int] = DEFAULT_MEMORY_LIMIT_BYTES
    is_example: ClassVar[bool] = False

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Make the instance; a type that needs a setting overrides this. Called once at start-up."""
        del settings
        return cls()

    def summarize(self, payload: Payload, file_names: Mapping[str, str]) -> str:
        """One line that tells this job from its neighbours in a list; `file_names` maps file ids to names."""
        del payload, file_names
        return ""

    @abstractmethod
    def run(self, payload: Payload, context: JobContext) -> JobResult:
        """Do the work.

        Returns:
            The result, a JSON object, or None.

        Raises:
            HandlerSignal: The attempt ends on purpose.
            Exception: The attempt failed and is tried again by the type's retry policy.
        """
