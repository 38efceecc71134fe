"""The verbs of the domain as guarded UPDATEs, one statement each, for any number of jobs at once.

Every statement takes its jobs from the relation `v` (see `batch_rows`), holds the verb's guard in its WHERE, raises
`version` by one and returns the whole rows that it moved. A job that isn't among them was refused by the guard.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from millrace.jobs.job import Job
from millrace.jobs.states import MOVES, JobState, Verb
from millrace.store.batch_rows import batch_rows
from millrace.store.tables import job_payloads, jobs
from millrace.store.types import Id, seconds_from_now, utc_now

Statement: TypeAlias = sa.Executable
Row: TypeAlias = sa.Row[*tuple[Any, ...]]
Columns: TypeAlias = dict[str, sa.types.TypeEngine[Any]]
Values: TypeAlias = dict[str, Any]

ROW = tuple(jobs.c)
"""What every move returns: a job's whole row."""

_FENCE: Columns = {"id": Id(), "attempt": sa.Integer(), "token": Id()}
_ERROR: Columns = {"error_code": sa.Text(), "error_message": sa.Text(), "crashes": sa.Integer()}
_CANCELLING = jobs.c.cancel_requested_at.is_not(None)
_NO_PROGRESS: Values = {"progress_seq": 0, "progress_fraction": None, "progress_message": ""}
_NO_ERROR: Values = {"error_code": None, "error_message": None}


def job_of(row: Row) -> Job:
    """The job that a row of `ROW` holds."""
    values = dict(row._mapping)
    values["tags"] = tuple(values["tags"])
    return Job(**{name: values[name] for name in Job.__dataclass_fields__})


def _starts(verb: Verb) -> sa.ColumnElement[bool]:
    return jobs.c.state.in_(sorted(MOVES[verb].starts))


def _fenced(verb: Verb, v: sa.FromClause) -> sa.ColumnElement[bool]:
    """The job's attempt is still the one that this token claimed."""
    return sa.and_(jobs.c.id == v.c.id, jobs.c.attempt == v.c.attempt, jobs.c.token == v.c.token, _starts(verb))


def _unless_cancelling(otherwise: object, when_cancelling: object) -> sa.Case[Any]:
    return sa.case((_CANCELLING, when_cancelling), else_=otherwise)


def _update(guard: sa.ColumnElement[bool], values: Values, *beside: sa.ColumnElement[Any]) -> Statement:
    return jobs.update().where(guard).values(version=jobs.c.version + 1, **values).returning(*ROW, *beside)


@cache
def submit(dialect: str) -> Statement:
    """Nothing → queued, or scheduled where `run_at` lies ahead. An id that is there already is left alone."""
    given = {
        name: jobs.c[name].type
        for name in (
            *("id", "type", "summary", "queue", "priority", "max_attempts", "submitter_id", "tags"),
            *("time_limit_seconds", "run_at"),
        )
    }
    v = batch_rows(dialect, given)
    ahead = v.c.run_at > utc_now()
    values: Values = {name: v.c[name] for name in given} | {
        "run_at": sa.func.coalesce(v.c.run_at, utc_now()),
        "state": sa.case((ahead, JobState.SCHEDULED.value), else_=JobState.QUEUED.value),
        "queued_at": sa.case((ahead, None), else_=utc_now()),
        "created_at": utc_now(),
        "attempt": sa.literal(1),
        "failures": sa.literal(0),
        "crashes": sa.literal(0),
        "runs_alone": sa.false(),
        "progress_seq": sa.literal(0),
        "progress_message": sa.literal(""),
        "version": sa.literal(1),
    }
    insert = postgresql.insert(jobs) if dialect == "postgresql" else sqlite.insert(jobs)
    # SQLite needs a WHERE here to tell ON CONFLICT from a join's ON.
    rows = sa.select(*(sa.type_coerce(value, jobs.c[name].type) for name, value in values.items())).where(sa.true())
    return insert.from_select(list(values), rows.select_from(v)).on_conflict_do_nothing().returning(*ROW)


@cache
def claim(dialect: str) -> Statement:
    """Queued → running, by a token, on a worker. Returns the payload beside the row."""
    v = batch_rows(dialect, {**_FENCE, "worker_id": sa.Text()})
    payload = sa.select(job_payloads.c.payload).where(job_payloads.c.job_id == jobs.c.id).scalar_subquery()
    values: Values = {
        "state": JobState.RUNNING,
        "token": v.c.token,
        "worker_id": v.c.worker_id,
        "started_at": utc_now(),
        "finished_at": None,
        **_NO_PROGRESS,
    }
    guard = sa.and_(jobs.c.id == v.c.id, jobs.c.attempt == v.c.attempt, _starts(Verb.CLAIM))
    return _update(guard, values, payload.label("payload"))


@cache
def complete(dialect: str) -> Statement:
    """Running → completed."""
    v = batch_rows(dialect, _FENCE)
    values = {"state": JobState.COMPLETED, "finished_at": utc_now(), **_NO_ERROR}
    return _update(_fenced(Verb.COMPLETE, v), values)


@cache
def fail(dialect: str) -> Statement:
    """Running → failed."""
    v = batch_rows(dialect, _FENCE | _ERROR)
    values = {
        "state": JobState.FAILED,
        "finished_at": utc_now(),
        "failures": jobs.c.failures + 1,
        "crashes": jobs.c.crashes + v.c.crashes,
        "error_code": v.c.error_code,
        "error_message": v.c.error_message,
    }
    return _update(_fenced(Verb.FAIL, v), values)


@cache
def retry_later(dialect: str) -> Statement:
    """Running → retrying, due after the pause; cancelled where that was asked for."""
    v = batch_rows(dialect, {**_FENCE, **_ERROR, "pause_seconds": sa.Double()})
    return _update(_fenced(Verb.RETRY_LATER, v), _next_attempt_due_later(v))


def _next_attempt_due_later(v: sa.FromClause) -> Values:
    """What retry_later and rescue share. A cancelled job keeps its attempt: no other follows."""
    return {
        "state": _unless_cancelling(JobState.RETRYING.value, JobState.CANCELLED.value),
        "attempt": jobs.c.attempt + _unless_cancelling(1, 0),
        "failures": jobs.c.failures + 1,
        "crashes": jobs.c.crashes + v.c.crashes,
        "run_at": _unless_cancelling(seconds_from_now(v.c.pause_seconds), jobs.c.run_at),
        "finished_at": _unless_cancelling(None, utc_now()),
        "error_code": v.c.error_code,
        "error_message": v.c.error_message,
        **_NO_PROGRESS,
    }


@cache
def yield_(dialect: str) -> Statement:
    """Running → queued for another attempt, at no cost; cancelled where that was asked for."""
    v = batch_rows(dialect, _FENCE)
    values: Values = {
        "state": _unless_cancelling(JobState.QUEUED.value, JobState.CANCELLED.value),
        "attempt": jobs.c.attempt + _unless_cancelling(1, 0),
        "queued_at": _unless_cancelling(utc_now(), jobs.c.queued_at),
        "finished_at": _unless_cancelling(None, utc_now()),
        "progress_seq": _unless_cancelling(0, jobs.c.progress_seq),
        "progress_fraction": _unless_cancelling(None, jobs.c.progress_fraction),
        "progress_message": _unless_cancelling("", jobs.c.progress_message),
    }
    return _update(_fenced(Verb.YIELD, v), values)


@cache
def rescue(dialect: str) -> Statement:
    """Running on a lost worker → retrying, failed at the last attempt, or cancelled where that was asked for.

    The token goes, so that what the old worker may still send finds no match.
    """
    given = {"pause_seconds": sa.Double(), "runs_alone": sa.Boolean(), "is_last": sa.Boolean()}
    v = batch_rows(dialect, {**_FENCE, **_ERROR, **given})
    is_last = sa.or_(v.c.is_last, jobs.c.failures + 1 >= jobs.c.max_attempts)
    last = sa.and_(sa.not_(_CANCELLING), is_last)
    later = _next_attempt_due_later(v)
    values: Values = {
        **later,
        "state": sa.case((last, JobState.FAILED.value), else_=later["state"]),
        "attempt": sa.case((last, jobs.c.attempt), else_=later["attempt"]),
        "run_at": sa.case((last, jobs.c.run_at), else_=later["run_at"]),
        "finished_at": sa.case((last, utc_now()), else_=later["finished_at"]),
        "token": None,
        "runs_alone": sa.or_(jobs.c.runs_alone, v.c.runs_alone),
    }
    return _update(_fenced(Verb.RESCUE, v), values)


@cache
def cancel(dialect: str) -> Statement:
    """Waiting → cancelled at once; running → the flag, which claim and heartbeat carry to the worker."""
    v = batch_rows(dialect, {"id": Id(), "by": Id()})
    running = jobs.c.state == JobState.RUNNING
    values: Values = {
        "state": sa.case((running, JobState.RUNNING.value), else_=JobState.CANCELLED.value),
        "finished_at": sa.case((running, None), else_=utc_now()),
        "cancel_requested_at": utc_now(),
        "cancel_requested_by": v.c.by,
    }
    return _update(sa.and_(jobs.c.id == v.c.id, _starts(Verb.CANCEL), sa.not_(_CANCELLING)), values)


@cache
def requeue(dialect: str) -> Statement:
    """Finished → queued for another attempt, with failures, crashes and the cancellation forgotten."""
    v = batch_rows(dialect, {"id": Id()})
    values: Values = {
        "state": JobState.QUEUED,
        "attempt": jobs.c.attempt + 1,
        "failures": 0,
        "crashes": 0,
        "queued_at": utc_now(),
        "started_at": None,
        "finished_at": None,
        "worker_id": None,
        "token": None,
        "cancel_requested_at": None,
        "cancel_requested_by": None,
        **_NO_PROGRESS,
        **_NO_ERROR,
    }
    return _update(sa.and_(jobs.c.id == v.c.id, _starts(Verb.REQUEUE)), values)


@cache
def promote_due(dialect: str) -> Statement:
    """Scheduled or retrying → queued, the first `limit` whose time has come. Two sweeps never take the same job."""
    due = (
        sa.select(jobs.c.id)
        # SQLite, without statistics, would rather sort all that is scheduled.
        .with_hint(jobs, "INDEXED BY ix_jobs_due", "sqlite")
        .where(sa.text("state IN ('scheduled', 'retrying')"), jobs.c.run_at <= utc_now())
        .order_by(jobs.c.run_at)
        .limit(sa.bindparam("limit"))
    )
    if dialect == "postgresql":
        # Apart, since inside the condition it might be run more than once, and lock other rows each time.
        due = sa.select(due.with_for_update(skip_locked=True).cte("due").c.id)
    values: Values = {"state": JobState.QUEUED, "queued_at": utc_now()}
    return _update(sa.and_(jobs.c.id.in_(due), _starts(Verb.PROMOTE)), values)


BY_VERB: dict[Verb, Callable[[str], Statement]] = {
    Verb.SUBMIT: submit,
    Verb.PROMOTE: promote_due,
    Verb.CLAIM: claim,
    Verb.COMPLETE: complete,
    Verb.FAIL: fail,
    Verb.RETRY_LATER: retry_later,
    Verb.YIELD: yield_,
    Verb.RESCUE: rescue,
    Verb.CANCEL: cancel,
    Verb.REQUEUE: requeue,
}
"""Every verb's statement, for the dialect given."""
