"""Workers' counters, as whoever looks for silent workers reads them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from millrace.errors import DatabaseUnavailable
from millrace.queues.worker import WorkerReport
from millrace.store.database import Database
from millrace.store.migrate import upgrade
from millrace.store.worker_store import SqlWorkerStore


def test_each_beat_raises_the_counter_of_its_worker(database: Database) -> None:
    workers = SqlWorkerStore(database)
    for worker_id in ("w1", "w2"):
        workers.register(worker_id, "host", 1, "1", ("default",), 4)
    assert workers.beat("w1", []) == frozenset()
    assert workers.beats() == {"w1": 1, "w2": 0}
    workers.deregister("w1")
    assert workers.beat("w1", []) is None


def test_a_beat_tells_what_its_worker_holds_and_an_older_version_says_nothing(database: Database) -> None:
    workers = SqlWorkerStore(database)
    for worker_id in ("w1", "w2"):
        workers.register(worker_id, "host", 1, "1", ("default",), 4)
    workers.beat("w1", ["b:1", "a:2"])
    assert workers.reports() == {"w1": WorkerReport(1, frozenset({"a:2", "b:1"})), "w2": WorkerReport(0, None)}
    workers.beat("w1", [])
    assert workers.reports()["w1"] == WorkerReport(2, frozenset())


def test_counters_are_not_told_while_no_worker_could_have_raised_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.store.database.BUSY_TIMEOUT_SECONDS", 0.05)
    file = tmp_path / "millrace.db"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    workers = SqlWorkerStore(database)
    with closing(sqlite3.connect(file, isolation_level=None)) as backup:
        backup.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable):
            workers.beats()
    assert workers.beats() == {}
    database.close()
