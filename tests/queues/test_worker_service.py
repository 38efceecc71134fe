"""Showing workers and asking something of them: who may, what is remembered, and how a worker then stands."""

from datetime import UTC, datetime, timedelta

import pytest

from millrace.accounts.account import Role
from millrace.errors import NotAllowed
from millrace.queues.worker import LOST_AFTER_SECONDS, Order, ProcessBeat, WorkerView
from millrace.queues.worker_service import WorkerNotFound, WorkerService
from millrace.store.database import Database
from millrace.store.tables import workers
from millrace.store.worker_store import SqlWorkerStore
from tests.factories import a_new_worker
from tests.queues.conftest import an_account

OPERATOR = an_account(Role.OPERATOR)


@pytest.fixture
def records(database: Database) -> SqlWorkerStore:
    """The records of two workers, one with two processes."""
    store = SqlWorkerStore(database)
    for worker_id in ("w1", "w2"):
        store.register(a_new_worker(id=worker_id))
    store.add_process("w1", "w1.1", 42)
    store.add_process("w1", "w1.2", 43)
    return store


@pytest.fixture
def tended(records: SqlWorkerStore) -> WorkerService:
    return WorkerService(records)


def seen(tended: WorkerService, worker_id: str = "w1") -> WorkerView:
    """How a worker is shown."""
    return {worker.id: worker for worker in tended.list()}[worker_id]


def hear_last(database: Database, worker_id: str, seconds: float) -> None:
    """Let a worker have been heard so many seconds ago."""
    beat_at = datetime.now(UTC) - timedelta(seconds=seconds)
    statement = workers.update().where(workers.c.id == worker_id).values(beat_at=beat_at)
    database.write(lambda connection: connection.execute(statement))


def test_what_processes_do_and_use_is_summed(records: SqlWorkerStore, tended: WorkerService) -> None:
    beats = [ProcessBeat("w1.1", ["a:1", "b:1"], 2, 1000), ProcessBeat("w1.2", ["c:1"], 1, 2000)]
    records.beat("w1", 500, beats)
    worker = seen(tended)
    assert (worker.busy, worker.capacity, worker.memory_bytes_in_all) == (3, 16, 3500)


def test_a_worker_is_quiet_or_stopping_from_when_it_was_asked(tended: WorkerService) -> None:
    assert seen(tended).state == "running"
    assert tended.order("w1", Order.QUIET, OPERATOR).state == "quiet"
    assert tended.order("w1", Order.STOP, OPERATOR).state == "stopping"
    assert tended.order("w1", Order.QUIET, OPERATOR).state == "stopping"
    assert seen(tended, "w2").state == "running"


def test_a_worker_is_silent_once_it_counts_as_lost_whatever_it_was_asked(
    database: Database, tended: WorkerService
) -> None:
    tended.order("w1", Order.STOP, OPERATOR)
    hear_last(database, "w1", LOST_AFTER_SECONDS - 3)
    assert seen(tended).state == "stopping"
    hear_last(database, "w1", LOST_AFTER_SECONDS + 1)
    assert seen(tended).state == "silent"
    assert seen(tended, "w2").state == "running"


@pytest.mark.parametrize("order", list(Order))
def test_asking_again_changes_nothing(tended: WorkerService, order: Order) -> None:
    first = tended.order("w1", order, OPERATOR)
    again = tended.order("w1", order, an_account(Role.ADMIN))
    asked = {
        Order.QUIET: (again.quiet_requested_at, again.quiet_requested_by),
        Order.STOP: (again.stop_requested_at, again.stop_requested_by),
    }
    assert asked[order] == (first.quiet_requested_at or first.stop_requested_at, OPERATOR.id)
    del asked[order]
    assert set(asked.values()) == {(None, None)}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_operators_and_admins_may_ask(tended: WorkerService, role: Role) -> None:
    assert tended.order("w1", Order.QUIET, an_account(role)).quiet_requested_at is not None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
@pytest.mark.parametrize("order", list(Order))
def test_viewers_and_members_may_only_look(tended: WorkerService, role: Role, order: Order) -> None:
    with pytest.raises(NotAllowed, match="not ask anything"):
        tended.order("w1", order, an_account(role))
    assert seen(tended).state == "running"


def test_an_unknown_worker_is_told_as_such(records: SqlWorkerStore, tended: WorkerService) -> None:
    with pytest.raises(WorkerNotFound, match="no worker 'w3'"):
        tended.order("w3", Order.STOP, OPERATOR)
    records.deregister("w1")
    with pytest.raises(WorkerNotFound, match="or it has ended"):
        tended.order("w1", Order.STOP, OPERATOR)
