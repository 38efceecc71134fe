"""The database is away while jobs run: nothing is drained, rescued or lost, and clients are told when to come again."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from signal import SIGQUIT

import httpx
import pytest

from tests.faults.drill import Face, Fault, Form
from tests.faults.mill import Mill, mill
from tests.faults.rest_client import RestClient
from tests.servers.postgresql import OwnPostgreSQL, own_postgresql

WORKERS, THREADS = 2, 4
WORK_SECONDS = 2.0
"""For all threads together: the queue outlasts the beginning of the outage."""

LOCKED_AT_LEAST_SECONDS = 6.0
"""A client waits for a lock before it is refused."""

ENDS_WHILE_AWAY_SECONDS = 1.0


@contextmanager
def at_work(folder: Path, database_url: str = "") -> Iterator[Mill]:
    """Two workers, a scheduler and a web process."""
    with mill(folder, database_url) as it:
        for name in ("worker", "worker", "scheduler"):
            it.start(name, THREADS)
        it.await_workers(WORKERS)
        yield it


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnPostgreSQL]:
    with own_postgresql() as it:
        yield it


def strike_at_work(fault: Fault, mill: Mill, client: RestClient, outage: Callable[[], object]) -> None:
    """Take the database away while jobs run and somebody submits by REST.

    Every client is answered: that it is done, or that it may come again. The queue waits. No attempt is given up.
    """
    fault.submit(seconds=WORK_SECONDS * WORKERS * THREADS / fault.form.jobs)
    with fault.traffic(client) as flow:
        flow.await_answers(1)
        fault.strikes()
        outage()
        fault.is_over()
        flow.await_answers(1)
    refused = flow.refused()
    assert refused
    assert {answer.status for answer in refused} == {httpx.codes.SERVICE_UNAVAILABLE}
    assert all(answer.retry_after for answer in refused)
    fault.await_recovery()
    fault.await_end()
    fault.remark = f"{len(refused)} submits answered 503 with Retry-After, the slowest in {flow.slowest():.1f} s"
    assert mill.lost_attempts(fault.jobs()) == 0
    fault.assert_completed(at_once=True)


def waiting(mill: Mill) -> int:
    """How many wait for a thread, by what Redis says."""
    return sum(sum(mill.services.line.counts(queue).waiting.values()) for queue in ("free", "narrow"))


@contextmanager
def nothing_drained(mill: Mill) -> Iterator[None]:
    """The workers take no more than they have threads for."""
    before = waiting(mill)
    yield
    assert before - waiting(mill) <= WORKERS * THREADS
    assert waiting(mill) > 0


@pytest.mark.postgresql
def test_jobs_wait_and_clients_are_told_to_come_again_while_postgresql_restarts(
    server: OwnPostgreSQL, tmp_path: Path, face: Face, form: Form
) -> None:
    with server.running.database() as url, at_work(tmp_path, url) as mill:
        client = mill.sign_in(mill.start_web())

        def restart() -> None:
            server.end(SIGQUIT)
            with nothing_drained(mill):
                fault.lasts()
            server.start()

        with face(f"PostgreSQL crashed, away {form.outage_seconds:g} s", mill) as fault:
            strike_at_work(fault, mill, client, restart)


def test_jobs_wait_and_clients_are_told_to_come_again_while_sqlite_is_locked(
    tmp_path: Path, face: Face, form: Form
) -> None:
    seconds = max(form.outage_seconds, LOCKED_AT_LEAST_SECONDS)
    with at_work(tmp_path) as mill:
        client = mill.sign_in(mill.start_web())

        def lock() -> None:
            with closing(sqlite3.connect(tmp_path / "millrace.db", isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                with nothing_drained(mill):
                    fault.lasts(seconds)
                other.execute("ROLLBACK")

        with face(f"SQLite locked {seconds:g} s", mill) as fault:
            strike_at_work(fault, mill, client, lock)
