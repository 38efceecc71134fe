"""Workers' records: counters, as whoever looks for silent workers reads them, orders, and what people are shown."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from millrace.errors import DatabaseUnavailable
from millrace.queues.worker import NewWorker, Order, ProcessBeat, ProcessReport
from millrace.store.database import Database
from millrace.store.job_store import SqlJobStore
from millrace.store.migrate import upgrade
from millrace.store.worker_store import SqlWorkerStore
from tests.factories import a_claim, a_new_job, an_id

A_WORKER = NewWorker("w1", "mill", 41, "0.1.0", "3.11.7", ("default", "mail"), 2, 8)


@pytest.fixture
def workers(database: Database) -> SqlWorkerStore:
    store = SqlWorkerStore(database)
    store.register(A_WORKER)
    store.add_process("w1", "w1.1", 42)
    store.add_process("w1", "w1.2", 43)
    return store


def a_beat(process_id: str, *held: str) -> ProcessBeat:
    return ProcessBeat(process_id, held, len(held), 1000)


def test_a_beat_raises_the_counters_of_the_worker_and_of_those_processes_that_live(workers: SqlWorkerStore) -> None:
    workers.beat("w1", 500, [a_beat("w1.1"), a_beat("w1.2")])
    workers.beat("w1", 500, [a_beat("w1.2")])
    assert workers.beats() == {"w1": 2, "w1.1": 1, "w1.2": 2}


def test_a_beat_tells_what_its_processes_hold(workers: SqlWorkerStore) -> None:
    assert workers.reports() == {"w1.1": ProcessReport(0, frozenset()), "w1.2": ProcessReport(0, frozenset())}
    workers.beat("w1", 500, [a_beat("w1.1", "b:1", "a:2"), a_beat("w1.2")])
    assert workers.reports() == {
        "w1.1": ProcessReport(1, frozenset({"a:2", "b:1"})),
        "w1.2": ProcessReport(1, frozenset()),
    }


def test_a_beat_may_leave_open_what_a_process_holds(workers: SqlWorkerStore) -> None:
    workers.beat("w1", 500, [ProcessBeat("w1.1", None, 1, 1000)])
    assert workers.reports()["w1.1"] == ProcessReport(1, None)
    assert [list(one.held) for worker in workers.list_workers() for one in worker.processes] == [[], []]


def test_a_worker_whose_record_is_gone_is_told_so_and_its_processes_raise_nothing(workers: SqlWorkerStore) -> None:
    workers.deregister("w1")
    assert workers.beat("w1", 500, [a_beat("w1.1")]) is None
    assert workers.beats() == {"w1.1": 0, "w1.2": 0}


def test_a_process_whose_record_is_gone_is_named_in_the_reply(workers: SqlWorkerStore) -> None:
    workers.deregister("w1.1")
    reply = workers.beat("w1", 500, [a_beat("w1.1"), a_beat("w1.2")])
    assert reply is not None
    assert reply.forgotten == {"w1.1"}


def test_registering_again_keeps_the_counters_and_the_orders(workers: SqlWorkerStore) -> None:
    workers.order("w1", Order.QUIET, an_id())
    workers.beat("w1", 500, [a_beat("w1.1")])
    workers.register(A_WORKER)
    workers.add_process("w1", "w1.1", 42)
    assert workers.beats() == {"w1": 1, "w1.1": 1, "w1.2": 0}
    reply = workers.beat("w1", 500, [])
    assert reply is not None
    assert reply.quiet_by is not None


def test_the_reply_to_a_beat_carries_cancellations_to_the_process_that_runs_the_job(
    database: Database, workers: SqlWorkerStore
) -> None:
    store = SqlJobStore(database)
    jobs = [store.submit(a_new_job()) for _ in range(3)]
    for job, process_id in zip(jobs, ("w1.1", "w1.2", "another.1"), strict=True):
        store.claim(a_claim(job, worker_id=process_id))
        store.cancel(job.id, an_id())
    reply = workers.beat("w1", 500, [a_beat("w1.1"), a_beat("w1.2")])
    assert reply is not None
    assert reply.cancelled == {"w1.1": frozenset({jobs[0].id}), "w1.2": frozenset({jobs[1].id})}


def test_an_order_is_in_the_reply_to_the_next_beat_and_remembers_who_asked_first(workers: SqlWorkerStore) -> None:
    first, other = an_id(), an_id()
    assert workers.order("w1", Order.STOP, first)
    assert workers.order("w1", Order.STOP, other)
    assert not workers.order("w2", Order.STOP, other)
    reply = workers.beat("w1", 500, [])
    assert reply is not None
    assert (reply.quiet_by, reply.is_stopping) == (None, True)
    (seen,) = workers.list_workers()
    assert seen.stop_requested_by == first


def test_workers_are_listed_with_their_processes_and_how_long_they_have_been_silent(workers: SqlWorkerStore) -> None:
    workers.beat("w1", 500, [a_beat("w1.2", "a:1")])
    (seen,) = workers.list_workers()
    assert (seen.id, seen.host, seen.pid, seen.python, seen.queues) == ("w1", "mill", 41, "3.11.7", ("default", "mail"))
    assert (seen.processes_wanted, seen.threads, seen.memory_bytes) == (2, 8, 500)
    assert seen.silent_for < timedelta(seconds=5)
    assert [(one.id, one.pid, one.busy, list(one.held)) for one in seen.processes] == [
        ("w1.1", 42, 0, []),
        ("w1.2", 43, 1, ["a:1"]),
    ]


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
