"""The migrations make the very tables that the code speaks of, and can be asked for twice and at once."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from millrace.queues.limits import QueueLimits
from millrace.store.account_store import SqlAccountStore
from millrace.store.database import Database
from millrace.store.migrate import MIGRATIONS_FOLDER, is_current, upgrade
from millrace.store.queue_store import SqlQueueLimitStore
from millrace.store.tables import metadata
from tests.factories import an_id


def upgrade_to(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_FOLDER))

    def work(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    database.write(work)


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


def test_a_database_of_the_first_release_keeps_its_rows_and_learns_of_queue_limits(database_url: str) -> None:
    database = Database(database_url)
    upgrade_to(database, "0001")
    ada = {"id": an_id(), "email": "ada@example.org"}
    insert = sa.text(
        "INSERT INTO accounts (id, email, name, role, password_hash, created_at)"
        " VALUES (:id, :email, 'Ada', 'admin', '', '2026-01-01 00:00:00.000000')"
    )
    database.write(lambda connection: connection.execute(insert, ada))
    assert not is_current(database)

    upgrade(database)

    assert is_current(database)
    assert SqlAccountStore(database).names_of([ada["id"]]) == {ada["id"]: "Ada"}
    limits = SqlQueueLimitStore(database)
    limits.change("default", {"paused": True}, ada["id"])
    assert limits.all() == {"default": QueueLimits(paused=True, version=1)}
    database.close()
