"""Redis forgets, dies and comes back under two workers and a scheduler: each job runs once, and limits hold."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from millrace.jobs.priority import Priority
from tests.faults.mill import FREE, NARROW, NARROW_QUEUE, Mill, Stamps, mill
from tests.waiting import wait_until

LIMIT = 2
DONE_SECONDS = 40
LONG_SECONDS = 2.0
"""Outlasts a restoration: the scheduler looks every second whether Redis forgot."""

RESTORE_SECONDS = 10


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    """Two workers and a scheduler. Each test finds them idle, and leaves them so."""
    with mill(tmp_path_factory.mktemp("mill")) as it:
        for name in ("worker", "worker", "scheduler"):
            it.start(name)
        it.await_workers(2)
        yield it


def await_restored(mill: Mill) -> None:
    wait_until(lambda: not mill.services.restoration.is_needed(), RESTORE_SECONDS, "the queues to be restored")


def waiting(mill: Mill) -> int:
    """How many wait in the narrow queue."""
    return sum(mill.services.line.counts(NARROW_QUEUE).waiting.values())


def run_through(mill: Mill, folder: Path, disturb: Callable[[], object], times: int) -> None:
    """Disturb a mill at work, each time while its narrow queue is full of jobs that outlast the restoration.

    Each job must complete by one attempt, and the limit of the narrow queue must hold throughout.
    """
    mill.change({"paused": False, "concurrency": LIMIT})
    narrow, free = Stamps(folder / "narrow"), Stamps(folder / "free")
    jobs = []
    for _ in range(times):
        jobs += mill.submit(FREE, 60, free, 0.05)
        long = mill.submit(NARROW, LIMIT, narrow, LONG_SECONDS, priority=Priority.CRITICAL)
        wait_until(lambda ids={job.id for job in long}: narrow.at_work() == ids)  # type: ignore[misc]
        jobs += [*long, *mill.submit(NARROW, 20, narrow, 0.01)]
        disturb()
        jobs += mill.submit(NARROW, 5, narrow, 0.01)
        await_restored(mill)
        assert waiting(mill) > 0
    mill.await_completed(jobs, DONE_SECONDS)
    assert narrow.most_at_once(narrow.begun()) == LIMIT
    assert narrow.begun() + free.begun() == {job.id: 1 for job in jobs}


def test_each_job_runs_once_and_a_limit_holds_though_redis_forgets_everything(at_work: Mill, tmp_path: Path) -> None:
    run_through(at_work, tmp_path, at_work.client.flushall, times=3)


def test_each_job_runs_once_and_a_limit_holds_though_redis_is_killed(at_work: Mill, tmp_path: Path) -> None:
    def restart() -> None:
        at_work.redis.kill()
        at_work.redis.start_again()

    run_through(at_work, tmp_path, restart, times=2)


def test_each_job_runs_once_and_a_limit_holds_though_redis_comes_back_without_its_file(
    at_work: Mill, tmp_path: Path
) -> None:
    def restart_empty() -> None:
        at_work.redis.kill()
        at_work.redis.lose_its_file()
        at_work.redis.start_again()

    run_through(at_work, tmp_path, restart_empty, times=1)


def test_a_queue_that_is_paused_in_the_middle_starts_nothing_more_until_it_goes_on(
    at_work: Mill, tmp_path: Path
) -> None:
    stamps = Stamps(tmp_path / "narrow")
    at_work.change({"paused": True, "concurrency": LIMIT})
    jobs = at_work.submit(NARROW, 80, stamps, 0.05)
    at_work.change({"paused": False})
    wait_until(lambda: len(stamps.begun()) > LIMIT)
    paused = at_work.change({"paused": True})
    assert paused.counts is not None
    left = sum(paused.counts.waiting.values())
    assert left > 0
    wait_until(lambda: at_work.services.line.counts(NARROW_QUEUE).started == 0, 20, "what was taken to end")
    at_work.client.flushall()
    await_restored(at_work)
    at_work.await_looks(4)
    assert waiting(at_work) == left
    assert len(stamps.begun()) == len(jobs) - left
    at_work.change({"paused": False, "concurrency": None})
    at_work.await_completed(jobs, DONE_SECONDS)
