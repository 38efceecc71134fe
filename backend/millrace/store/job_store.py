"""Moves of jobs. Submissions, claims and settlements go through the group commit; the rarer verbs write at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa

from millrace.jobs.job import ClaimedJob, Job, LogLine, NewJob, Progress
from millrace.jobs.outcome import Claim, Rescue, Settlement
from millrace.jobs.states import JobState, Verb
from millrace.store import moves
from millrace.store.attempt_records import record_attempts
from millrace.store.batch_rows import encode
from millrace.store.database import Database
from millrace.store.group_commit import GroupCommit
from millrace.store.job_batch import BatchWriter, Operation, error_fields
from millrace.store.retention import prune
from millrace.store.tables import job_results
from millrace.store.traces import Trace, TraceWriter
from millrace.store.types import canonical_id


class SqlJobStore:
    """Implements `jobs.ports.JobStore` on SQLite and PostgreSQL. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.dialect
        writer = BatchWriter(database)
        self._group: GroupCommit[Operation, Job | ClaimedJob | None] = GroupCommit(writer.write)
        self._traces: GroupCommit[Trace, None] = GroupCommit(TraceWriter(database).write)

    def submit(self, new_job: NewJob) -> Job:
        return cast(Job, self._group.run(Operation.of_new_job(new_job)))

    def claim(self, claim: Claim) -> ClaimedJob | None:
        return cast(ClaimedJob | None, self._group.run(Operation.of_claim(claim)))

    def settle(self, settlement: Settlement) -> Job | None:
        return cast(Job | None, self._group.run(Operation.of_settlement(settlement)))

    def promote_due(self, limit: int) -> Sequence[Job]:
        statement = moves.promote_due(self._dialect)
        return self._database.write(lambda connection: _jobs_of(connection.execute(statement, {"limit": limit}).all()))

    def rescue(self, rescues: Sequence[Rescue]) -> Sequence[Job]:
        rows = [
            {
                "id": rescue.job_id,
                "attempt": rescue.attempt,
                "token": rescue.token,
                "pause_seconds": rescue.pause.total_seconds(),
                "runs_alone": rescue.runs_alone,
                "is_last": rescue.is_last,
                **error_fields(rescue.error, is_crash=rescue.is_crash),
            }
            for rescue in rescues
        ]
        errors = {rescue.job_id: (rescue.attempt, rescue.error) for rescue in rescues}

        def work(connection: sa.Connection) -> Sequence[Job]:
            moved = self._move(connection, Verb.RESCUE, rows)
            record_attempts(connection, self._dialect, Verb.RESCUE, moved, errors)
            return moved

        return self._database.write(work)

    def cancel(self, job_id: str, by: str) -> Job | None:
        return self._move_one(Verb.CANCEL, {"id": canonical_id(job_id), "by": by})

    def requeue(self, job_id: str) -> Job | None:
        def work(connection: sa.Connection) -> Job | None:
            moved = self._move(connection, Verb.REQUEUE, [{"id": canonical_id(job_id)}])
            for job in moved:
                connection.execute(job_results.delete().where(job_results.c.job_id == job.id))
            return moved[0] if moved else None

        return self._database.write(work)

    def prune(self, state: JobState, older_than: timedelta, limit: int) -> int:
        return self._database.write(lambda connection: prune(connection, state, older_than, limit))

    def save_progress(self, progress: Progress) -> None:
        self._traces.run(Trace(progress.job_id, progress=progress))

    def append_logs(self, job_id: str, lines: Sequence[LogLine]) -> None:
        self._traces.run(Trace(job_id, lines=lines))

    def _move_one(self, verb: Verb, row: Mapping[str, Any]) -> Job | None:
        moved = self._database.write(lambda connection: self._move(connection, verb, [row]))
        return moved[0] if moved else None

    def _move(self, connection: sa.Connection, verb: Verb, rows: Iterable[Mapping[str, Any]]) -> list[Job]:
        return _jobs_of(connection.execute(moves.BY_VERB[verb](self._dialect), encode(rows)).all())


def _jobs_of(rows: Sequence[moves.Row]) -> list[Job]:
    return [moves.job_of(row) for row in rows]
