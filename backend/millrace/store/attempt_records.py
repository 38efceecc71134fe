"""What is kept of every attempt that ended: written in the transaction of the move that ended it."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from millrace.jobs.job import Job
from millrace.jobs.outcome import MAX_TRACEBACK_LENGTH, AttemptError
from millrace.jobs.states import JobState, Verb
from millrace.store.batch_rows import batch_rows, encode
from millrace.store.tables import attempts
from millrace.store.types import storable, utc_now

MAX_MESSAGE_LENGTH = 2_000

_OUTCOMES = {
    Verb.COMPLETE: "completed",
    Verb.FAIL: "failed",
    Verb.RETRY_LATER: "retrying",
    Verb.YIELD: "yielded",
    Verb.RESCUE: "lost",
}

Ended = Mapping[str, tuple[int, AttemptError | None]]
"""The attempt that ended, and its error, by job id."""


def record_attempts(connection: sa.Connection, dialect: str, verb: Verb, moved: Sequence[Job], ended: Ended) -> None:
    """Write a record for each of `moved`, whose attempt `verb` ended."""
    if moved:
        rows = [_row(verb, job, *ended[job.id]) for job in moved]
        connection.execute(_insert(dialect), encode(rows))


def _row(verb: Verb, job: Job, number: int, error: AttemptError | None) -> dict[str, Any]:
    cancelled = job.state is JobState.CANCELLED and verb is not Verb.RESCUE
    row: dict[str, Any] = {
        "job_id": job.id,
        "number": number,
        "worker_id": job.worker_id,
        "started_at": job.started_at,
        "outcome": "cancelled" if cancelled else _OUTCOMES[verb],
    }
    if error is not None:
        row |= {
            "error_code": storable(error.code),
            "error_type": storable(error.type),
            "error_message": storable(error.message)[:MAX_MESSAGE_LENGTH],
            "traceback": None if error.traceback is None else storable(error.traceback)[-MAX_TRACEBACK_LENGTH:],
        }
    return row


@cache
def _insert(dialect: str) -> sa.Insert:
    given = {column.name: column.type for column in attempts.c if column.name != "ended_at"}
    v = batch_rows(dialect, given)
    rows = sa.select(*(v.c[name] for name in given), utc_now())
    return attempts.insert().from_select([*given, "ended_at"], rows)
