"""Brings a database to the newest schema, or tells that it isn't there yet."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from millrace.store.database import Database

MIGRATIONS_FOLDER = Path(__file__).resolve().parents[2] / "migrations"
_LOCK_NUMBER = 6_455_723


def upgrade(database: Database) -> None:
    """Apply every migration that `database` lacks. Processes that try at once take turns.

    Raises:
        DatabaseUnavailable: The database doesn't answer.
    """
    config = _config()

    def work(connection: sa.Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    database.write(work)


def is_current(database: Database) -> bool:
    """Whether `database` has the newest schema."""

    def work(connection: sa.Connection) -> bool:
        return MigrationContext.configure(connection).get_current_revision() == _newest_revision()

    return database.read(work)


@cache
def _newest_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_FOLDER).replace("%", "%%"))
    return config
