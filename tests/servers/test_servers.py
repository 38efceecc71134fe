"""The servers that tests stand on are real, empty at first, and apart from each other."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from redis import Redis

from tests.servers import postgresql
from tests.servers.postgresql import NoPostgreSQL, PostgreSQL
from tests.waiting import wait_until


def test_database_is_empty_and_takes_tables(database_url: str) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.execute(sa.text("CREATE TABLE things (id INTEGER PRIMARY KEY)"))


@pytest.mark.postgresql
def test_databases_of_two_tests_are_apart(postgresql_server: PostgreSQL) -> None:
    with postgresql_server.database() as one, postgresql_server.database() as other:
        assert one != other


@pytest.mark.postgresql
def test_database_is_dropped_though_someone_is_connected(postgresql_server: PostgreSQL) -> None:
    with postgresql_server.database() as url:
        connection = sa.create_engine(url, poolclass=sa.NullPool).connect()
        connection.execute(sa.text("SELECT 1"))
    with pytest.raises(sa.exc.OperationalError):
        connection.execute(sa.text("SELECT 1"))
    connection.invalidate()
    connection.close()


@pytest.mark.postgresql
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_server_ends_with_the_tests_that_started_it() -> None:
    script = (
        "import os, signal\n"
        "from tests.servers.postgresql import postgresql\n"
        "with postgresql({}) as server:\n"
        "    print(server.url.port, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "TMPDIR": folder},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        port = int(done.stdout)
        wait_until(lambda: port not in listening_ports(), message=f"nobody to listen on {port}")


def listening_ports() -> set[int]:
    return {found.laddr.port for found in psutil.net_connections("tcp4") if found.laddr and found.status == "LISTEN"}


@pytest.mark.postgresql
def test_a_server_that_crashed_comes_back_with_what_was_committed() -> None:
    with postgresql.own_postgresql() as server, server.running.database() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE things AS SELECT 1 AS id"))
        server.end(signal.SIGQUIT)
        with pytest.raises(sa.exc.OperationalError):
            engine.connect()
        server.start()
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT id FROM things")).scalar_one() == 1


@pytest.mark.postgresql
def test_binaries_of_the_wheel_serve_where_the_system_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "INSTALLED", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with postgresql.postgresql({}) as server, server.database() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            assert str(connection.scalar(sa.text("SHOW server_version"))).startswith("18.")


def test_missing_postgresql_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "INSTALLED", ())
    monkeypatch.setattr(postgresql, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPostgreSQL, match="apt install postgresql"):
        postgresql.find_binaries(tmp_path)


def test_redis_is_empty_and_answers(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("key", "value")


def test_redis_is_empty_again_for_the_next_test(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
