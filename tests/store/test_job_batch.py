"""Batches of two processes: whoever holds what the other needs, nobody waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import sqlalchemy as sa

from millrace.jobs.job import ClaimedJob
from millrace.jobs.outcome import Completed
from millrace.store.database import Database
from millrace.store.job_batch import BatchWriter, Operation
from millrace.store.job_store import SqlJobStore
from millrace.store.migrate import upgrade
from tests.factories import JobsInStates, a_claim, a_new_job, a_settlement


@pytest.mark.postgresql
def test_batches_of_two_processes_never_wait_in_a_ring(postgresql_url: str) -> None:
    """On PostgreSQL alone: SQLite lets in one writer at a time."""
    databases = [Database(postgresql_url) for _ in range(2)]
    upgrade(databases[0])
    store = SqlJobStore(databases[0])
    queued = store.submit(a_new_job())
    running = JobsInStates(store).running(store.submit(a_new_job()))
    claim, settlement = Operation.of_claim(a_claim(queued)), Operation.of_settlement(a_settlement(running, Completed()))
    each_made_a_move = threading.Barrier(2)

    def meet(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE"):
            with suppress(threading.BrokenBarrierError):
                each_made_a_move.wait(0.5)

    for database in databases:
        sa.event.listen(database._engine, "after_cursor_execute", meet)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(BatchWriter(databases[0]).write, [claim, settlement])
        other = pool.submit(BatchWriter(databases[1]).write, [settlement, claim])
        claimed, settled = one.result(10)

    assert isinstance(claimed, ClaimedJob)
    assert other.result() == [settled, claimed]
    for database in databases:
        database.close()
