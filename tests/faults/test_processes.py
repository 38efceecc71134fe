"""Processes are killed: the rest goes on, and what was accepted is done."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.drill import Face
from tests.faults.mill import Mill, kill, mill


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory, own_database_url: str) -> Iterator[Mill]:
    """Two workers."""
    with mill(tmp_path_factory.mktemp("mill"), own_database_url) as it:
        for _ in range(2):
            it.start("worker")
        yield it


def test_when_the_scheduler_is_killed_another_does_what_became_due_meanwhile(at_work: Mill, face: Face) -> None:
    scheduler = at_work.start("scheduler")
    at_work.await_workers(2)
    with face("SIGKILL of the scheduler", at_work) as fault:
        fault.submit()
        due = fault.submit(run_at=datetime.now(UTC) + timedelta(seconds=1))
        fault.strikes()
        fault.touches(due)
        kill(scheduler)
        fault.is_over()
        at_work.start("scheduler")
    fault.assert_completed(at_once=True)
