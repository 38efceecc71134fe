"""Leases: who does what only one may do. Their ends are told by the database's clock alone."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from millrace.store.database import Database
from millrace.store.tables import leases
from millrace.store.types import seconds_from_now, utc_now


class SqlLeaseStore:
    """Takes and releases leases. Both methods raise `DatabaseUnavailable` where the outcome is unknown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, name: str, holder: str, duration: timedelta) -> bool:
        """Take a lease that is free or has ended, or prolong one's own; whether `holder` has it now."""
        insert = postgresql.insert if self._database.dialect == "postgresql" else sqlite.insert
        new = insert(leases).values(
            name=name, holder=holder, expires_at=seconds_from_now(sa.literal(duration.total_seconds()))
        )
        statement = new.on_conflict_do_update(
            index_elements=[leases.c.name],
            set_={"holder": new.excluded.holder, "expires_at": new.excluded.expires_at},
            where=(leases.c.holder == holder) | (leases.c.expires_at < utc_now()),
        ).returning(leases.c.holder)
        return self._database.write(lambda connection: connection.execute(statement).first() is not None)

    def release(self, name: str, holder: str) -> None:
        """Let go of a lease, so that another need not wait for its end."""
        statement = leases.delete().where(leases.c.name == name, leases.c.holder == holder)
        self._database.write(lambda connection: connection.execute(statement))
