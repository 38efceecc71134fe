"""The migrations make the very tables that the code speaks of, and can be asked for twice and at once."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from millrace.store.database import Database
from millrace.store.migrate import is_current, upgrade
from millrace.store.tables import metadata


def test_a_migrated_database_differs_in_nothing_from_the_tables(database: Database) -> None:
    def differences(connection: sa.Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert database.read(differences) == []


def test_a_new_database_isnt_current_until_it_is_migrated(database_url: str) -> None:
    database = Database(database_url)
    assert not is_current(database)
    upgrade(database)
    upgrade(database)
    assert is_current(database)
    database.close()


def test_processes_that_migrate_at_once_take_turns(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, databases))

    assert is_current(databases[0])
    for database in databases:
        database.close()
