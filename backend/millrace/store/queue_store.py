"""The limits of queues. A queue that nobody ever changed has no row."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from millrace.queues.limits import LimitChange, QueueLimits
from millrace.store.database import Database
from millrace.store.tables import queue_limits
from millrace.store.types import utc_now


class SqlQueueLimitStore:
    """Implements `queues.ports.QueueLimitStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Mapping[str, QueueLimits]:
        rows = self._database.read(lambda connection: connection.execute(sa.select(queue_limits)).all())
        return {row.name: _limits_of(row) for row in rows}

    def change(self, queue: str, change: LimitChange, by: str) -> QueueLimits:
        is_named = queue_limits.c.name == queue

        def merge(connection: sa.Connection) -> QueueLimits:
            # Whoever changes the same queue waits here, the first change of all included, and then reads what we wrote.
            connection.execute(_insert_unlimited(connection.dialect.name, queue, by))
            held = connection.execute(sa.select(queue_limits).where(is_named).with_for_update()).one()
            limits = _limits_of(held).changed_by(change)
            connection.execute(queue_limits.update().where(is_named).values(_row_of(limits, by)))
            return limits

        return self._database.write(merge)


def _insert_unlimited(dialect: str, queue: str, by: str) -> sa.Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(queue_limits).values(name=queue, **_row_of(QueueLimits(), by)).on_conflict_do_nothing()


def _row_of(limits: QueueLimits, by: str) -> dict[str, Any]:
    return {
        "paused": limits.paused,
        "concurrency": limits.concurrency,
        "rate": limits.rate,
        "period_milliseconds": None if limits.period is None else limits.period // timedelta(milliseconds=1),
        "version": limits.version,
        "updated_at": utc_now(),
        "updated_by": by,
    }


def _limits_of(row: sa.Row[Any]) -> QueueLimits:
    period = None if row.period_milliseconds is None else timedelta(milliseconds=row.period_milliseconds)
    return QueueLimits(row.paused, row.concurrency, row.rate, period, row.version)
