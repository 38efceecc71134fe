"""Deletes finished jobs that have been kept long enough, a page in one transaction.

What stands in tables of its own (payload, result, attempts, log) goes by ON DELETE CASCADE. Files keep their rows,
marked as discarded, until their content is gone: it lies outside, where no transaction reaches.
"""

from datetime import timedelta

import sqlalchemy as sa

from millrace.jobs.states import JobState
from millrace.store.tables import files, jobs
from millrace.store.types import seconds_from_now, utc_now


def prune(connection: sa.Connection, state: JobState, older_than: timedelta, limit: int) -> int:
    """Delete up to `limit` jobs that ended as `state` longer ago, the oldest first; how many there were.

    They are locked as they are found: one that somebody is sending again at this moment is left alone, and so are its
    files.
    """
    old = (
        sa.select(jobs.c.id)
        .where(jobs.c.state == state, jobs.c.finished_at < seconds_from_now(-older_than.total_seconds()))
        .order_by(jobs.c.finished_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    # By id alone: with the guard repeated here, SQLite would walk all that is old, page after page.
    gone = connection.scalars(jobs.delete().where(jobs.c.id.in_(sa.select(old.c.id))).returning(jobs.c.id)).all()
    connection.execute(files.update().where(files.c.job_id.in_(gone)).values(discarded_at=utc_now()))
    return len(gone)
