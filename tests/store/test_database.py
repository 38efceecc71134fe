"""The database's one error, and what it stands for."""

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from millrace.errors import ConfigurationError, DatabaseUnavailable
from millrace.jobs.ports import JobFilter
from millrace.jobs.visibility import EVERYTHING
from millrace.store.database import Database
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from millrace.store.migrate import upgrade
from tests.factories import a_claim, a_new_job

T = TypeVar("T")


def test_a_url_that_names_no_known_database_is_refused_without_showing_its_password() -> None:
    for url in ("mysql://root:secret@localhost/x", "nonsense"):
        with pytest.raises(ConfigurationError) as caught:
            Database(url)
        assert "secret" not in str(caught.value)


def test_a_database_that_is_away_is_told_as_such() -> None:
    with pytest.raises(DatabaseUnavailable):
        Database("postgresql://nobody@127.0.0.1:1/nothing").ping()


@pytest.mark.postgresql
def test_a_server_that_may_only_be_read_is_away_for_writers_until_another_takes_over(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    name = sa.make_url(postgresql_url).database

    def write_note() -> None:
        database.write(lambda connection: connection.execute(sa.text("CREATE TABLE notes (n INTEGER)")))

    other = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with other.connect() as connection:
        connection.execute(sa.text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        with pytest.raises(DatabaseUnavailable):
            write_note()
        connection.execute(sa.text(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'))
    write_note()
    database.close()


@pytest.mark.postgresql
@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no such bound")
def test_a_postgresql_host_that_vanishes_is_given_up_within_seconds(postgresql_url: str) -> None:
    database = Database(postgresql_url)

    def bound(connection: sa.Connection) -> int:
        driver: Any = connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as kernel:
            return kernel.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert 0 < database.read(bound) <= 15_000
    database.close()


def test_a_write_that_fails_leaves_everything_as_it_was(database: Database) -> None:
    database.write(lambda connection: connection.execute(sa.text("CREATE TABLE notes (n INTEGER PRIMARY KEY)")))

    def write_then_fail(connection: sa.Connection) -> None:
        connection.execute(sa.text("INSERT INTO notes VALUES (1)"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.write(write_then_fail)
    count = sa.text("SELECT count(*) FROM notes")
    assert database.read(lambda connection: connection.execute(count).scalar_one()) == 0


def test_writers_on_sqlite_take_turns_instead_of_failing_half_way(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    database.write(lambda connection: connection.execute(sa.text("CREATE TABLE c (n INTEGER)")))
    database.write(lambda connection: connection.execute(sa.text("INSERT INTO c VALUES (0)")))

    def count_up(connection: sa.Connection) -> None:
        n = connection.execute(sa.text("SELECT n FROM c")).scalar_one()
        connection.execute(sa.text("UPDATE c SET n = :n"), {"n": n + 1})

    threads = [threading.Thread(target=lambda: [database.write(count_up) for _ in range(50)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert database.read(lambda connection: connection.execute(sa.text("SELECT n FROM c")).scalar_one()) == 300
    database.close()


def test_sqlite_survives_a_killed_process_and_checks_its_references(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", full_sync=True)

    def pragmas(connection: sa.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert database.read(pragmas) == ["wal", 2, 1]
    database.close()


def test_only_the_calls_into_sqlite_leave_the_thread_that_asks(tmp_path: Path) -> None:
    offloaded = 0

    def offload(work: Callable[[], T]) -> T:
        nonlocal offloaded
        offloaded += 1
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    database = Database(f"sqlite:///{tmp_path / 'x.db'}", offload=offload)
    upgrade(database)
    store, asker = SqlJobStore(database), threading.current_thread()
    job = store.submit(a_new_job(payload={"n": 1}))
    claimed = store.claim(a_claim(job))
    assert claimed is not None
    assert claimed.payload == {"n": 1}
    assert database.read(lambda _: threading.current_thread()) is asker
    page = SqlJobQueries(database).page(JobFilter(), EVERYTHING, None, 10)

    assert [found.id for found in page] == [job.id]
    assert offloaded > 0
    database.close()
