"""The rows of files: what is known of uploads and artifacts. Their content lies elsewhere.

A file that was discarded (see `retention`) keeps its row until its content is gone, and is seen by nobody any more.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from millrace.jobs.ports import NewFile, StoredFile
from millrace.jobs.states import JobState
from millrace.store.database import Database
from millrace.store.tables import files, jobs
from millrace.store.types import canonical_id, utc_now

_STORED = tuple(files.c[field.name] for field in fields(StoredFile))


class FileStore:
    """Writes and reads rows of `files`. An id that is no UUID is an id of nothing. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, file: NewFile) -> tuple[StoredFile, Sequence[str]]:
        """Write the row of `file`; also the ids of those that it replaces: same job, attempt and name.

        Raises:
            DatabaseUnavailable: Whether the row was written is unknown.
        """
        return self._database.write(lambda connection: _add(connection, file))

    def add_artifact(self, file: NewFile, token: str | None) -> tuple[StoredFile, Sequence[str]] | None:
        """As `add`, where the claim stands that `token` is of; else None: it was settled, or taken away.

        May be repeated: what is written already is handed back, and replaces nothing.
        """
        # Locked, so that a settlement, or this very call the first time, comes before or after, and not in between.
        claim = sa.select(jobs.c.id).where(jobs.c.id == file.job_id, jobs.c.attempt == file.attempt)
        claim = claim.where(jobs.c.token == token, jobs.c.state == JobState.RUNNING).with_for_update(key_share=True)
        written = sa.select(*_STORED).where(files.c.id == file.id)

        def write(connection: sa.Connection) -> tuple[StoredFile, Sequence[str]] | None:
            is_claimed = connection.execute(claim).first() is not None
            row = connection.execute(written).first()
            if row is not None:
                return _file_of(row), ()
            return _add(connection, file) if is_claimed else None

        return self._database.write(write)

    def get_files(self, file_ids: Sequence[str]) -> Sequence[StoredFile]:
        """Those of `file_ids` that exist, in no order."""
        ids = {known for known in map(canonical_id, file_ids) if known is not None}
        return self._select(files.c.id.in_(ids)) if ids else ()

    def artifacts_of(self, job_id: str, attempt: int) -> Sequence[StoredFile]:
        """What one attempt made, in the order in which it was saved."""
        known = canonical_id(job_id)
        return () if known is None else self._select(files.c.job_id == known, files.c.attempt == attempt)

    def artifact_named(self, job_id: str, name: str) -> StoredFile | None:
        """The artifact `name` of the job's current attempt: what an attempt given up for lost saved isn't shown."""
        known = canonical_id(job_id)
        if known is None:
            return None
        current = sa.select(jobs.c.attempt).where(jobs.c.id == known).scalar_subquery()
        found = self._select(files.c.job_id == known, files.c.attempt == current, files.c.name == name)
        return found[0] if found else None

    def discarded(self, limit: int) -> Sequence[str]:
        """Ids of discarded files, those that have waited longest for their removal first."""
        waiting = files.c.discarded_at.is_not(None)
        statement = sa.select(files.c.id).where(waiting).order_by(files.c.discarded_at).limit(limit)
        return self._database.read(lambda connection: connection.scalars(statement).all())

    def forget(self, file_ids: Sequence[str]) -> None:
        """Delete the rows of files whose content is gone."""
        statement = files.delete().where(files.c.id.in_(file_ids))
        self._database.write(lambda connection: connection.execute(statement))

    def put_off(self, file_ids: Sequence[str]) -> None:
        """Let discarded files wait behind all others that do."""
        statement = files.update().where(files.c.id.in_(file_ids)).values(discarded_at=utc_now())
        self._database.write(lambda connection: connection.execute(statement))

    def _select(self, *where: sa.ColumnElement[bool]) -> Sequence[StoredFile]:
        # Ids are UUIDv7, so their order is the order of arrival.
        statement = sa.select(*_STORED).where(*where, files.c.discarded_at.is_(None)).order_by(files.c.id)
        return self._database.read(lambda connection: [_file_of(row) for row in connection.execute(statement)])


def _add(connection: sa.Connection, file: NewFile) -> tuple[StoredFile, Sequence[str]]:
    replaced = [] if file.job_id is None else connection.scalars(_delete_namesakes(file)).all()
    insert = files.insert().values(**asdict(file), created_at=utc_now()).returning(*_STORED)
    return _file_of(connection.execute(insert).one()), replaced


def _delete_namesakes(file: NewFile) -> sa.sql.dml.ReturningDelete[Any]:
    same = (files.c.job_id == file.job_id, files.c.attempt == file.attempt, files.c.name == file.name)
    return files.delete().where(*same).returning(files.c.id)


def _file_of(row: sa.Row[Any]) -> StoredFile:
    return StoredFile(**row._mapping)
