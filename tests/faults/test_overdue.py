"""Handlers in threads that do not play by the rules: their jobs end all the same, and their process is replaced."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from millrace.jobs.job import Job
from millrace.jobs.states import JobState
from millrace.queues.worker import Order
from tests.faults.mill import FREE, START_SECONDS, Mill, Process, Stamps, mill
from tests.waiting import wait_until

S = JobState
FOR_EVER_SECONDS = 3600.0
STOPPED_SECONDS = 10
"""Five for the handler to come to a checkpoint, and some for a heartbeat and a busy machine."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Mill]:
    with mill(tmp_path) as it:
        it.start("scheduler")
        yield it


@pytest.fixture
def worker(house: Mill) -> Process:
    """One process of two threads."""
    worker = house.start("worker", 2)
    house.await_workers(1)
    return worker


def now(house: Mill, job: Job) -> Job:
    return house.services.reader.get(job.id, house.account)


def await_state(house: Mill, job: Job, state: JobState, seconds: float) -> Job:
    wait_until(lambda: now(house, job).state is state, seconds, f"the job to be {state}")
    return now(house, job)


def test_a_deaf_handler_fails_at_its_time_limit_and_the_next_job_runs_in_another_process(
    house: Mill, worker: Process, tmp_path: Path
) -> None:
    stamps = Stamps(tmp_path / "stamps")
    (beside,) = house.submit(FREE, 1, stamps, 12.0)
    (deaf,) = house.submit(FREE, 1, stamps, FOR_EVER_SECONDS, time_limit=timedelta(seconds=1))
    first = await_state(house, deaf, S.RUNNING, START_SECONDS).worker_id

    failed = await_state(house, deaf, S.FAILED, 1 + STOPPED_SECONDS)
    assert (failed.error_code, failed.attempt) == ("time_limit", 1)
    after = house.submit(FREE, 2, stamps, 0.1)
    ended = [await_state(house, job, S.COMPLETED, START_SECONDS) for job in after]
    assert first not in {job.worker_id for job in ended}

    completed = await_state(house, beside, S.COMPLETED, 15)
    assert (completed.worker_id, completed.attempt) == (first, 1)
    wait_until(lambda: first not in house.services.workers.beats(), START_SECONDS, "the first process to end")
    assert len(house.services.workers.reports()) == 1


def test_a_deaf_handler_is_cancelled_without_its_doing(house: Mill, worker: Process, tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "stamps")
    (deaf,) = house.submit(FREE, 1, stamps, FOR_EVER_SECONDS)
    wait_until(lambda: stamps.at_work() == {deaf.id}, START_SECONDS, "it to be at work")
    house.services.jobs.cancel(deaf.id, house.account)
    cancelled = await_state(house, deaf, S.CANCELLED, STOPPED_SECONDS)
    assert (cancelled.failures, cancelled.cancel_requested_by) == (0, house.account.id)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(START_SECONDS) == 0


def test_a_handler_that_stops_in_time_costs_its_process_nothing(house: Mill, worker: Process, tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "stamps")
    (slow,) = house.submit(FREE, 1, stamps, 2.5)
    wait_until(lambda: stamps.at_work() == {slow.id}, START_SECONDS, "it to be at work")
    house.services.jobs.cancel(slow.id, house.account)
    completed = await_state(house, slow, S.COMPLETED, STOPPED_SECONDS)
    (after,) = house.submit(FREE, 1, stamps, 7.0)
    assert await_state(house, after, S.COMPLETED, START_SECONDS).worker_id == completed.worker_id


def test_a_handler_that_ends_its_process_as_if_all_were_well_has_crashed(
    house: Mill, worker: Process, tmp_path: Path
) -> None:
    (quitter,) = house.submit("stamped_quitter", 1, Stamps(tmp_path / "stamps"), 0.0)
    failed = await_state(house, quitter, S.FAILED, START_SECONDS)
    assert (failed.error_code, failed.crashes, failed.failures) == ("crashed", 3, 3)


def test_a_worker_that_is_quieted_while_a_process_starts_takes_nothing(
    house: Mill, worker: Process, tmp_path: Path
) -> None:
    stamps, workers = Stamps(tmp_path / "stamps"), house.services.workers
    (view,) = workers.list_workers()
    (process,) = view.processes
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: process.id not in workers.beats(), START_SECONDS, "its death to be noticed")
    workers.order(view.id, Order.QUIET, house.account.id)
    (job,) = house.submit(FREE, 1, stamps, 0.0)
    wait_until(lambda: house.listening() == 0 and not workers.reports(), START_SECONDS, "it to be quiet")
    assert now(house, job).state is S.QUEUED
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(START_SECONDS) == 0
