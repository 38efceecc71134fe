"""The states of a job and every legal move between them, on one screen.

`JobService` is the only one to ask for a move, `store` performs it as one guarded UPDATE; both read this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands; the same word in SQL, JSON, TypeScript and on screen."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Verb(StrEnum):
    """What may be done to a job."""

    SUBMIT = "submit"
    PROMOTE = "promote"
    CLAIM = "claim"
    COMPLETE = "complete"
    FAIL = "fail"
    RETRY_LATER = "retry_later"
    YIELD = "yield"
    RESCUE = "rescue"
    CANCEL = "cancel"
    REQUEUE = "requeue"


S = JobState
FINISHED = frozenset({S.COMPLETED, S.FAILED, S.CANCELLED})
UNFINISHED = frozenset(S) - FINISHED


@dataclass(frozen=True, slots=True)
class Move:
    """A verb's legal starts and ends. An end equal to the start means that the state stays."""

    starts: frozenset[JobState]
    ends: frozenset[JobState]


def _move(starts: set[JobState] | frozenset[JobState], *ends: JobState) -> Move:
    return Move(frozenset(starts), frozenset(ends))


# Where a cancellation was asked for, retry_later, yield and rescue end as cancelled.
MOVES: Mapping[Verb, Move] = {
    Verb.SUBMIT: _move(set(), S.QUEUED, S.SCHEDULED),
    Verb.PROMOTE: _move({S.SCHEDULED, S.RETRYING}, S.QUEUED),
    Verb.CLAIM: _move({S.QUEUED}, S.RUNNING),
    Verb.COMPLETE: _move({S.RUNNING}, S.COMPLETED),
    Verb.FAIL: _move({S.RUNNING}, S.FAILED),
    Verb.RETRY_LATER: _move({S.RUNNING}, S.RETRYING, S.CANCELLED),
    Verb.YIELD: _move({S.RUNNING}, S.QUEUED, S.CANCELLED),
    Verb.RESCUE: _move({S.RUNNING}, S.RETRYING, S.FAILED, S.CANCELLED),
    Verb.CANCEL: _move(UNFINISHED, S.CANCELLED, S.RUNNING),
    Verb.REQUEUE: _move(FINISHED, S.QUEUED),
}


def is_allowed(verb: Verb, state: JobState) -> bool:
    """Whether `verb` may be tried on a job in `state`."""
    return state in MOVES[verb].starts
