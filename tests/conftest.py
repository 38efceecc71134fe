"""What every test may ask for: a database, a Redis. Each is real, started by the tests and gone with them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.servers.postgresql import NoPostgreSQL, PostgreSQL, postgresql
from tests.servers.valkey import valkey

MARKED_BY_FOLDER = ("flow", "faults")


def pytest_configure() -> None:
    """Settings of the person who runs the tests don't reach them."""
    for name in [name for name in os.environ if name.startswith("MILLRACE_")]:
        if not name.startswith("MILLRACE_TEST_"):
            del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test in tests/flow is marked `flow`, one in tests/faults `faults`."""
    tests = Path(__file__).parent
    for item in items:
        top = item.path.relative_to(tests).parts[0] if item.path.is_relative_to(tests) else ""
        if top in MARKED_BY_FOLDER:
            item.add_marker(getattr(pytest.mark, top))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """The server behind `postgresql_url`. Where there is none, CI fails and a person's machine skips."""
    try:
        with postgresql(os.environ) as server:
            yield server
    except NoPostgreSQL as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQL) -> Iterator[str]:
    """An empty PostgreSQL database, for this test alone. The test must be marked `postgresql`."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database that doesn't exist yet, for this test alone."""
    return f"sqlite:///{tmp_path / 'millrace.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind in turn: the test runs on both."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The server behind `redis_url`."""
    with valkey() as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty Redis."""
    with Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server
