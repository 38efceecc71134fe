"""One batch of the group commit: submissions, claims and settlements in one transaction, one statement per verb.

What a guard refused may be a repetition whose first answer was lost: the row then carries the caller's own token (or
id, for a submission), and the caller finds its wish done.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from millrace.jobs.job import MAX_ERROR_LENGTH, ClaimedJob, Job, NewJob
from millrace.jobs.outcome import AttemptError, Claim, Completed, Failed, RetriedLater, Settlement
from millrace.jobs.states import JobState, Verb
from millrace.store import moves
from millrace.store.attempt_records import record_attempts
from millrace.store.batch_rows import batch_rows, encode
from millrace.store.database import Database
from millrace.store.tables import job_payloads, job_results, jobs
from millrace.store.types import Id, storable, to_json

Answer = Job | ClaimedJob | None

ROW_BYTES = 400
"""About what an operation takes besides its JSON."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One wish, as the row of its verb's relation. `document` is a payload or a result, as JSON text."""

    verb: Verb
    job_id: str
    row: Mapping[str, Any]
    document: str | None = None
    error: AttemptError | None = None

    @property
    def size_bytes(self) -> int:
        """What the operation adds to a batch, about."""
        return ROW_BYTES + len(self.document or "")

    @classmethod
    def of_new_job(cls, new: NewJob) -> "Operation":
        row = {
            "id": new.id,
            "type": new.type,
            "summary": storable(new.summary),
            "queue": new.queue,
            "priority": int(new.priority),
            "max_attempts": new.max_attempts,
            "submitter_id": new.submitter_id,
            "tags": to_json(new.tags),
            "time_limit_seconds": new.time_limit.total_seconds(),
            "run_at": new.run_at,
        }
        return cls(Verb.SUBMIT, new.id, row, to_json(new.payload))

    @classmethod
    def of_claim(cls, claim: Claim) -> "Operation":
        row = {"id": claim.job_id, "attempt": claim.attempt, "token": claim.token, "worker_id": claim.worker_id}
        return cls(Verb.CLAIM, claim.job_id, row)

    @classmethod
    def of_settlement(cls, settlement: Settlement) -> "Operation":
        row: dict[str, Any] = {
            "id": settlement.job_id,
            "attempt": settlement.attempt,
            "token": settlement.token,
        }
        outcome = settlement.outcome
        document, error = None, None
        if isinstance(outcome, Completed):
            document = None if outcome.result is None else storable(to_json(outcome.result))
        elif isinstance(outcome, Failed | RetriedLater):
            error = outcome.error
            row |= error_fields(error, is_crash=outcome.is_crash)
        if isinstance(outcome, RetriedLater):
            row["pause_seconds"] = outcome.pause.total_seconds()
        return cls(outcome.verb, settlement.job_id, row, document, error)


def error_fields(error: AttemptError, *, is_crash: bool) -> dict[str, str | int]:
    """What of a failure stands on the job's own row."""
    return {
        "error_code": storable(error.code),
        "error_message": storable(error.message)[:MAX_ERROR_LENGTH],
        "crashes": int(is_crash),
    }


class BatchWriter:
    """Writes batches of operations. Repeating a batch, whole or in part, changes nothing more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.dialect

    def write(self, operations: Sequence[Operation]) -> Sequence[Answer]:
        """Commit `operations`, at most one per job, and answer each in its place."""
        return self._database.write(lambda connection: self._write(connection, operations))

    def _write(self, connection: sa.Connection, operations: Sequence[Operation]) -> Sequence[Answer]:
        self._lock(connection, operations)
        by_verb: dict[Verb, list[Operation]] = defaultdict(list)
        for operation in operations:
            by_verb[operation.verb].append(operation)
        answers: dict[str, Answer] = {}
        for verb, group in by_verb.items():
            answers |= self._write_verb(connection, verb, group)
        refused = [operation for operation in operations if operation.job_id not in answers]
        if refused:
            answers |= self._find_done(connection, refused)
        return [answers.get(operation.job_id) for operation in operations]

    def _lock(self, connection: sa.Connection, operations: Sequence[Operation]) -> None:
        """Lock the rows in the order of their ids, so that batches of two processes never wait in a ring."""
        existing = [operation.job_id for operation in operations if operation.verb is not Verb.SUBMIT]
        if self._dialect == "postgresql" and len(existing) > 1:
            v = batch_rows(self._dialect, {"id": Id()})
            locked = sa.select(jobs.c.id).where(jobs.c.id.in_(sa.select(v.c.id))).order_by(jobs.c.id)
            connection.execute(locked.with_for_update(), encode({"id": job_id} for job_id in existing)).all()

    def _write_verb(self, connection: sa.Connection, verb: Verb, group: Sequence[Operation]) -> dict[str, Answer]:
        statement = moves.BY_VERB[verb](self._dialect)
        rows = connection.execute(statement, encode(operation.row for operation in group)).all()
        moved = {row.id: moves.job_of(row) for row in rows}
        done = [operation for operation in group if operation.job_id in moved]
        documents = [
            {"job_id": operation.job_id, "document": operation.document}
            for operation in done
            if operation.document is not None
        ]
        if verb is Verb.CLAIM:
            return {row.id: ClaimedJob(moved[row.id], row.payload) for row in rows}
        if verb is Verb.SUBMIT:
            _insert_documents(connection, self._dialect, job_payloads.c.payload, documents)
            return dict(moved)
        _insert_documents(connection, self._dialect, job_results.c.result, documents)
        errors = {operation.job_id: (operation.row["attempt"], operation.error) for operation in done}
        record_attempts(connection, self._dialect, verb, list(moved.values()), errors)
        return dict(moved)

    def _find_done(self, connection: sa.Connection, refused: Sequence[Operation]) -> dict[str, Answer]:
        v = batch_rows(self._dialect, {"id": Id()})
        payload = sa.select(job_payloads.c.payload).where(job_payloads.c.job_id == jobs.c.id).scalar_subquery()
        found = sa.select(*moves.ROW, payload.label("payload")).where(jobs.c.id.in_(sa.select(v.c.id)))
        rows: dict[str, moves.Row] = {
            row.id: row for row in connection.execute(found, encode({"id": o.job_id} for o in refused))
        }
        answers: dict[str, Answer] = {}
        for operation in refused:
            row = rows.get(operation.job_id)
            if row is not None and _is_done(operation, moves.job_of(row)):
                job = moves.job_of(row)
                answers[operation.job_id] = ClaimedJob(job, row.payload) if operation.verb is Verb.CLAIM else job
        return answers


def _is_done(operation: Operation, job: Job) -> bool:
    """Whether `job` shows that `operation` was carried out before."""
    if operation.verb is Verb.SUBMIT:
        return True
    if job.token != operation.row["token"]:
        return False
    if operation.verb is Verb.CLAIM:
        return job.state is JobState.RUNNING and job.attempt == operation.row["attempt"]
    return job.state is not JobState.RUNNING


def _insert_documents(
    connection: sa.Connection, dialect: str, column: sa.Column[Any], documents: Sequence[Mapping[str, Any]]
) -> None:
    if not documents:
        return
    v = batch_rows(dialect, {"job_id": Id(), "document": sa.Text()})
    statement = column.table.insert().from_select(["job_id", column.name], sa.select(v.c.job_id, v.c.document))
    connection.execute(statement, encode(documents))
