"""Two schedulers, real processes: one works, the other takes over within ten seconds, and nothing is done twice."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from millrace.jobs.job import Job
from millrace.store.tables import leases
from tests.faults.drill import Face, Fault, Form
from tests.faults.ledger import FLAKY
from tests.faults.mill import Mill, mill
from tests.waiting import wait_until

HAND_OVER_SECONDS = 10
DUE_AFTER_SECONDS = 1.5
PROMOTED_ONCE, PROMOTED_AFTER_A_FAILURE = 4, 6
"""The version of a job that was submitted, promoted, claimed and completed; one that failed once and was promoted by
its retry was claimed and ended twice. Another promotion would show."""


def stop(process_id: int, _: object) -> None:
    """SIGSTOP, inside a transaction of this process."""
    os.kill(process_id, signal.SIGSTOP)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, own_database_url: str) -> Iterator[Mill]:
    """Two workers, and two schedulers, one of which works."""
    with mill(tmp_path_factory.mktemp("mill"), own_database_url) as it:
        for name in ("worker", "worker", "scheduler", "scheduler"):
            it.start(name)
        it.await_workers(2)
        yield it


def at_work(house: Mill) -> int | None:
    """The process that holds the lease."""
    holder: str | None = house.services.database.read(
        lambda connection: connection.execute(sa.select(leases.c.holder)).scalar_one_or_none()
    )
    return None if holder is None else int(holder.rsplit("-", 2)[1])


def submit_what_needs_a_scheduler(fault: Fault, form: Form) -> tuple[list[Job], list[Job]]:
    """Jobs that become due while the lease changes hands, and jobs that are to be tried again meanwhile."""
    due = []
    for number in range(form.jobs):
        ahead = timedelta(seconds=DUE_AFTER_SECONDS * (1 + number / form.jobs))
        due += fault.submit(1, run_at=datetime.now(UTC) + ahead)
    return due, fault.submit(form.jobs, type_name=FLAKY)


def assert_done_once(fault: Fault, due: list[Job], flaky: list[Job]) -> None:
    """Every job was promoted as often as it had to be, and begun as often."""
    jobs, begun = fault.jobs(), fault.stamps.begun()
    assert {jobs[job.id].version for job in due} == {PROMOTED_ONCE}
    assert {jobs[job.id].version for job in flaky} == {PROMOTED_AFTER_A_FAILURE}
    assert {begun[job.id] for job in due} == {1}
    assert {begun[job.id] for job in flaky} == {2}
    fault.assert_completed()


def await_the_other(house: Mill, first: int | None) -> None:
    wait_until(lambda: at_work(house) not in (None, first), HAND_OVER_SECONDS, "the other scheduler to take over")


def test_nothing_is_done_twice_though_the_one_at_work_is_stopped_and_goes_on(
    house: Mill, face: Face, form: Form
) -> None:
    with face("SIGSTOP of the active scheduler, then SIGCONT", house) as fault:
        due, flaky = submit_what_needs_a_scheduler(fault, form)
        fault.touches([*due, *flaky])
        fault.strikes()
        for _ in range(form.repeats // 2):
            first = at_work(house)
            assert first is not None
            # Between its writes: one that is stopped within one keeps SQLite's lock from everybody.
            house.services.database.write(partial(stop, first))
            await_the_other(house, first)
            os.kill(first, signal.SIGCONT)
        fault.is_over()
    assert at_work(house) != first
    assert_done_once(fault, due, flaky)


@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGKILL], ids=lambda blow: blow.name)
def test_nothing_is_left_undone_though_the_one_at_work_is_gone(
    house: Mill, face: Face, form: Form, blow: signal.Signals
) -> None:
    with face(f"{blow.name} of the active scheduler", house) as fault:
        first = at_work(house)
        assert first is not None
        due, flaky = submit_what_needs_a_scheduler(fault, form)
        fault.touches([*due, *flaky])
        fault.strikes()
        os.kill(first, blow)
        fault.is_over()
        await_the_other(house, first)
        house.start("scheduler")
    assert_done_once(fault, due, flaky)
