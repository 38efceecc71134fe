"""How an attempt ended, and the settlement that writes it down.

A handler ends by returning, by a signal (`PermanentFailure`, `RetryLater`, `JobCancelled`) or by any other exception;
the worker's middleware turns each of these into one `Outcome`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from millrace.jobs.states import Verb

MAX_TRACEBACK_LENGTH = 20_000


@dataclass(frozen=True, slots=True)
class AttemptError:
    """Why an attempt didn't complete, for people (`message`) and for programs (`code`)."""

    code: str
    type: str
    message: str
    traceback: str | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """The handler returned. A result, where there is one, is a JSON object."""

    result: Mapping[str, Any] | None = None
    verb = Verb.COMPLETE


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt failed and no other follows by itself. `is_crash`: its process died, and nobody ran beside it."""

    error: AttemptError
    is_crash: bool = False
    verb = Verb.FAIL


@dataclass(frozen=True, slots=True)
class RetriedLater:
    """The attempt failed; the next one is due after `pause`. Ends as cancelled where that was asked for."""

    error: AttemptError
    pause: timedelta
    is_crash: bool = False
    verb = Verb.RETRY_LATER


@dataclass(frozen=True, slots=True)
class Yielded:
    """The handler stopped early without a failure: the worker shuts down, or the job was cancelled.

    Settles as cancelled where that was asked for, else the job is queued again for its next attempt.
    """

    verb = Verb.YIELD


Outcome = Completed | Failed | RetriedLater | Yielded


@dataclass(frozen=True, slots=True)
class Claim:
    """A wish to begin an attempt. The same token may claim again and finds itself done."""

    job_id: str
    attempt: int
    token: str
    worker_id: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """A wish to end an attempt. The same token may settle again and finds itself done."""

    job_id: str
    attempt: int
    token: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Rescue:
    """A wish to take an attempt from a lost worker. `pause` is the backoff before the next one.

    `is_crash`: the attempt's process died, and nobody ran beside it. `runs_alone`: the job has its process to itself
    from now on. `is_last`: no other attempt follows, however many are left.
    """

    job_id: str
    attempt: int
    token: str | None
    error: AttemptError
    pause: timedelta
    is_crash: bool = False
    runs_alone: bool = False
    is_last: bool = False
