"""What a running attempt leaves behind as it goes: its progress on the job's row, and the lines of its log.

Neither is a move: the job's `version` stays. What attempts say at the same time is written together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from millrace.jobs.job import LogLine, Progress
from millrace.jobs.states import JobState
from millrace.store.batch_rows import batch_rows, encode
from millrace.store.database import Database
from millrace.store.tables import job_logs, jobs
from millrace.store.types import Id, storable

LINE_BYTES = 100
"""About what a line takes besides its text."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What one attempt says at once."""

    job_id: str
    progress: Progress | None = None
    lines: Sequence[LogLine] = ()

    @property
    def size_bytes(self) -> int:
        """What it adds to a batch, about."""
        return LINE_BYTES + sum(LINE_BYTES + len(line.message) for line in self.lines)


class TraceWriter:
    """Writes batches of traces. Repeating a batch, whole or in part, changes nothing more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, traces: Sequence[Trace]) -> Sequence[None]:
        """Commit `traces`, at most one per job."""
        # In the order of ids, as every batch of moves locks its rows.
        progress = sorted((trace.progress for trace in traces if trace.progress), key=lambda step: step.job_id)
        lines = [line for trace in traces for line in trace.lines]

        def work(connection: sa.Connection) -> None:
            if progress:
                save_progress(connection, progress)
            if lines:
                append_logs(connection, lines)

        self._database.write(work)
        return [None] * len(traces)


def save_progress(connection: sa.Connection, progress: Sequence[Progress]) -> None:
    """Write the newest progress of running attempts; what is older than the row's is dropped."""
    rows = (
        {
            "id": step.job_id,
            "attempt": step.attempt,
            "seq": step.seq,
            "fraction": step.fraction,
            "message": storable(step.message),
        }
        for step in progress
    )
    connection.execute(_newer_progress(connection.dialect.name), encode(rows))


def append_logs(connection: sa.Connection, lines: Sequence[LogLine]) -> None:
    """Add lines; those that are there already stay as they are."""
    rows = (
        {
            "job_id": line.job_id,
            "attempt": line.attempt,
            "seq": line.seq,
            "submitter_id": line.submitter_id,
            "at": line.at,
            "level": line.level,
            "message": storable(line.message),
        }
        for line in lines
    )
    connection.execute(_new_lines(connection.dialect.name), encode(rows))


@cache
def _newer_progress(dialect: str) -> sa.Update:
    v = batch_rows(
        dialect,
        {"id": Id(), "attempt": sa.Integer(), "seq": sa.Integer(), "fraction": sa.Double(), "message": sa.Text()},
    )
    newer = sa.and_(jobs.c.id == v.c.id, jobs.c.attempt == v.c.attempt, jobs.c.progress_seq < v.c.seq)
    return (
        jobs.update()
        .where(newer, jobs.c.state == JobState.RUNNING)
        .values(progress_seq=v.c.seq, progress_fraction=v.c.fraction, progress_message=v.c.message)
    )


@cache
def _new_lines(dialect: str) -> sa.Insert:
    v = batch_rows(dialect, {column.name: column.type for column in job_logs.c})
    there = sa.exists().where(
        job_logs.c.job_id == v.c.job_id, job_logs.c.attempt == v.c.attempt, job_logs.c.seq == v.c.seq
    )
    lines = sa.select(*(v.c[column.name] for column in job_logs.c)).where(sa.not_(there))
    return job_logs.insert().from_select([column.name for column in job_logs.c], lines)
