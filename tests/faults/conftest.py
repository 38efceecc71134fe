"""What tests of faults share: how much to do, who writes down what became of it, and the table in the end."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.faults.drill import FULL, SHORT, Drill, Face, Fault, Form, facing
from tests.faults.drill_table import aligned, write
from tests.faults.ledger import Ledger
from tests.faults.stamps import Stamps
from tests.servers.postgresql import PostgreSQL

ROOT = Path(__file__).parents[2]
DRILL, SERVER = pytest.StashKey[Drill](), pytest.StashKey[str]()
OPTION = "--drill"
ON_BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="every fault in its full form, on both databases")


def is_full(config: pytest.Config) -> bool:
    return bool(config.getoption(OPTION, False))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test on `own_database_url` runs on SQLite, and in its full form on PostgreSQL too."""
    if "own_database_url" in metafunc.fixturenames:
        kinds = ON_BOTH if is_full(metafunc.config) else ON_BOTH[:1]
        metafunc.parametrize("own_database_url", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def own_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A PostgreSQL database for the tests of one module, or nothing: then a mill makes a SQLite of its own."""
    if request.param == "sqlite":
        yield ""
        return
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    with server.database() as url:
        yield url


@pytest.fixture(scope="session")
def form(pytestconfig: pytest.Config) -> Form:
    return FULL if is_full(pytestconfig) else SHORT


@pytest.fixture
def face(pytestconfig: pytest.Config, form: Form, tmp_path: Path) -> Face:
    """Faces a fault: `with face("SIGKILL of …", mill) as fault`."""
    drill = pytestconfig.stash.setdefault(DRILL, Drill())

    def face(name: str, ledger: Ledger, **options: float) -> AbstractContextManager[Fault]:
        return facing(drill, form, Stamps(tmp_path / f"stamps-{len(drill.rows)}"), name, ledger, **options)

    return face


@pytest.fixture(scope="session", autouse=True)
def _version_of_the_server(request: pytest.FixtureRequest) -> None:
    if is_full(request.config):
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        engine = sa.create_engine(server.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            version = connection.execute(sa.text("SHOW server_version")).scalar_one()
        request.config.stash[SERVER] = f"PostgreSQL {version}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """The table; of a whole drill in which all was well, also where measurements are kept."""
    drill = config.stash.get(DRILL, None)
    if drill is None or not drill.rows:
        return
    form = FULL if is_full(config) else SHORT
    terminalreporter.section(f"faults, {form.name} form")
    terminalreporter.write_line("\n".join(aligned(drill.rows)))
    if form is FULL:
        is_whole = exitstatus == pytest.ExitCode.OK and not config.getoption("keyword") and len(config.args) == 1
        folder = ROOT / ("bench/results" if is_whole else "var/bench")
        page = ROOT / "docs/reliability.md" if is_whole else None
        file = write(drill.rows, form.name, config.stash.get(SERVER, ""), folder, page)
        terminalreporter.write_line(f"\n{file.relative_to(ROOT)}")
