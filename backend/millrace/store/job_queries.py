"""Reads of jobs. Lists page by id, which is the order of arrival; nothing here counts or scans finished jobs."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from millrace.jobs.job import AttemptRecord, Job, LogLine, Payload
from millrace.jobs.ports import JobFilter, QueuedMark
from millrace.jobs.visibility import Visibility
from millrace.store.database import Database
from millrace.store.moves import ROW, job_of
from millrace.store.tables import attempts, job_logs, job_payloads, job_results, jobs
from millrace.store.types import canonical_id, seconds_from_now


class SqlJobQueries:
    """Implements `jobs.ports.JobQueries`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job_id: str, visibility: Visibility) -> Job | None:
        known = canonical_id(job_id)
        if known is None:
            return None
        found = self._jobs(sa.select(*ROW).where(jobs.c.id == known, *_visible(visibility)))
        return found[0] if found else None

    def page(self, where: JobFilter, visibility: Visibility, before: str | None, limit: int) -> Sequence[Job]:
        submitter_ids = [known for text in where.submitter_ids if (known := canonical_id(text))]
        if where.submitter_ids and not submitter_ids:
            return []
        chosen: list[sa.ColumnElement[bool]] = [
            column.in_(values)
            for column, values in (
                (jobs.c.state, where.states),
                (jobs.c.type, where.types),
                (jobs.c.queue, where.queues),
                (jobs.c.priority, where.priorities),
                (jobs.c.submitter_id, submitter_ids),
            )
            if values
        ]
        if before is not None:
            chosen.append(jobs.c.id < before)
        return self._jobs(sa.select(*ROW).where(*chosen, *_visible(visibility)).order_by(jobs.c.id.desc()).limit(limit))

    def payload_of(self, job_id: str) -> Payload:
        payload: Payload = self._scalar(sa.select(job_payloads.c.payload).where(job_payloads.c.job_id == job_id)) or {}
        return payload

    def result_of(self, job_id: str) -> Payload | None:
        result: Payload | None = self._scalar(sa.select(job_results.c.result).where(job_results.c.job_id == job_id))
        return result

    def attempts_of(self, job_id: str) -> Sequence[AttemptRecord]:
        statement = sa.select(attempts).where(attempts.c.job_id == job_id).order_by(attempts.c.number.desc())
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return [AttemptRecord(**row._mapping) for row in rows]

    def logs_of(self, job_id: str, attempt: int, after_seq: int, limit: int) -> Sequence[LogLine]:
        statement = (
            sa.select(job_logs)
            .where(job_logs.c.job_id == job_id, job_logs.c.attempt == attempt, job_logs.c.seq > after_seq)
            .order_by(job_logs.c.seq)
            .limit(limit)
        )
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return [LogLine(**row._mapping) for row in rows]

    def queued_after(self, mark: QueuedMark | None, settled_for_seconds: float, limit: int) -> Sequence[Job]:
        # SQLite, without statistics, would rather sort all that is queued.
        statement = (
            sa.select(*ROW)
            .with_hint(jobs, "INDEXED BY ix_jobs_queued", "sqlite")
            .where(
                jobs.c.state == sa.literal_column("'queued'"),
                jobs.c.queued_at <= seconds_from_now(-settled_for_seconds),
            )
        )
        if mark is not None:
            statement = statement.where(
                sa.tuple_(jobs.c.queued_at, jobs.c.id)
                > sa.tuple_(sa.literal(mark.queued_at, jobs.c.queued_at.type), mark.job_id)
            )
        return self._jobs(statement.order_by(jobs.c.queued_at, jobs.c.id).limit(limit))

    def running(self) -> Sequence[Job]:
        return self._jobs(sa.select(*ROW).where(jobs.c.state == sa.literal_column("'running'")))

    def running_on(self, worker_id: str) -> Sequence[Job]:
        return self._jobs(
            sa.select(*ROW).where(jobs.c.state == sa.literal_column("'running'"), jobs.c.worker_id == worker_id)
        )

    def running_workers(self) -> frozenset[str]:
        statement = sa.select(jobs.c.worker_id).where(jobs.c.state == sa.literal_column("'running'")).distinct()
        return self._database.read(lambda connection: frozenset(connection.execute(statement).scalars()))

    def _jobs(self, statement: sa.Select[Any]) -> list[Job]:
        return self._database.read(lambda connection: [job_of(row) for row in connection.execute(statement)])

    def _scalar(self, statement: sa.Select[Any]) -> Any:
        return self._database.read(lambda connection: connection.execute(statement).scalar_one_or_none())


def _visible(visibility: Visibility) -> list[sa.ColumnElement[bool]]:
    if visibility.submitter_id is None:
        return []
    return [jobs.c.submitter_id == visibility.submitter_id]
