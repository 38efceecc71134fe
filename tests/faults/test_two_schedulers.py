"""Two schedulers, real processes: one works, and the other takes over within ten seconds."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from millrace.jobs.states import JobState
from millrace.store.tables import leases
from tests.faults.mill import FREE, START_SECONDS, Mill, Stamps, mill
from tests.waiting import wait_until

HAND_OVER_SECONDS = 10


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Mill]:
    """Two schedulers, one of which works, and nobody who runs anything."""
    with mill(tmp_path) as it:
        it.start("scheduler")
        it.start("scheduler")
        wait_until(lambda: at_work(it), START_SECONDS, "a scheduler to work")
        yield it


def at_work(house: Mill) -> int | None:
    """The process that holds the lease."""
    holder: str | None = house.services.database.read(
        lambda connection: connection.execute(sa.select(leases.c.holder)).scalar_one_or_none()
    )
    return None if holder is None else int(holder.rsplit("-", 2)[1])


def await_a_promotion(house: Mill, stamps: Stamps) -> None:
    """See that somebody does a scheduler's work."""
    (job,) = house.submit(FREE, 1, stamps, 0.0, run_at=datetime.now(UTC) + timedelta(milliseconds=100))
    assert job.state is JobState.SCHEDULED
    reader, account = house.services.reader, house.account
    wait_until(lambda: reader.get(job.id, account).state is JobState.QUEUED, 5, "a due job to be queued")


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM], ids=lambda blow: blow.name)
def test_when_the_one_at_work_is_gone_the_other_takes_over(house: Mill, tmp_path: Path, blow: signal.Signals) -> None:
    first = at_work(house)
    assert first is not None
    os.kill(first, blow)
    wait_until(lambda: at_work(house) not in (None, first), HAND_OVER_SECONDS, "the other scheduler to take over")
    await_a_promotion(house, Stamps(tmp_path / "stamps"))


def test_one_that_was_stopped_for_a_while_stands_by_when_it_goes_on(house: Mill, tmp_path: Path) -> None:
    first = at_work(house)
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    wait_until(lambda: at_work(house) not in (None, first), HAND_OVER_SECONDS, "the other scheduler to take over")
    second = at_work(house)
    os.kill(first, signal.SIGCONT)
    for _ in range(3):
        await_a_promotion(house, Stamps(tmp_path / "stamps"))
    assert at_work(house) == second
