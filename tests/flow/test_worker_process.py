"""`millrace worker` and `millrace scheduler` as real processes, ended by real signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from millrace.jobs.job import Job
from millrace.jobs.states import JobState
from millrace.queues.worker import Order
from millrace.settings import Settings
from tests.flow.conftest import SAMPLE_HANDLERS, House
from tests.waiting import wait_until

S = JobState
ROOT = Path(__file__).parents[2]
Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(house: House, settings: Settings) -> Iterator[Start]:
    """Starts a process of Millrace by its name; killed at the end where it still runs."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MILLRACE_DATA": str(settings.data_folder),
        "MILLRACE_DATABASE_URL": settings.database_url,
        "MILLRACE_REDIS_URL": settings.redis_url,
        "MILLRACE_HANDLERS": SAMPLE_HANDLERS,
        "MILLRACE_WORKER_THREADS": "2",
        "MILLRACE_SHUTDOWN_GRACE_SECONDS": "1",
    }
    with ExitStack() as stack:

        def start_process(name: str) -> "subprocess.Popen[bytes]":
            code = f"import sys; from millrace.run.{name} import main; sys.exit(main())"
            process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield start_process


def running_in(house: House, job: Job) -> int:
    """The number of the process that runs an `endless` or `until_told` job, once it does."""

    def told() -> bool:
        now = house.get(job)
        return now.state is S.RUNNING and now.progress_message.startswith("in process")

    wait_until(told, 20, "the job to run")
    return int(house.get(job).progress_message.split()[-1])


def runs_below(worker: "subprocess.Popen[bytes]") -> set[int]:
    """The numbers of the processes of a worker."""
    return {child.pid for child in psutil.Process(worker.pid).children()}


def test_a_worker_that_is_asked_to_stop_yields_signs_off_and_ends_well(house: House, start: Start) -> None:
    worker = start("worker")
    job = house.submit("endless")
    assert running_in(house, job) in runs_below(worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    yielded = house.get(job)
    assert (yielded.state, yielded.attempt, yielded.failures) == (S.QUEUED, 2, 0)
    assert house.services.workers.beats() == {}
    assert list((house.services.settings.data_folder / "scratch").iterdir()) == []


def test_a_quiet_worker_takes_nothing_more_and_what_runs_completes(
    house: House, start: Start, settings: Settings, tmp_path: Path
) -> None:
    quiet = start("worker")
    word = tmp_path / "word"
    job = house.submit("until_told", {"text": str(word)})
    assert running_in(house, job) in runs_below(quiet)
    tended = house.services.worker_service
    (shown,) = tended.list()
    assert tended.order(shown.id, Order.QUIET, house.submitter).state == "quiet"
    wait_until(lambda: "worker_quiet" in (settings.log_folder / "worker.log").read_text(), 10, "the order to arrive")
    assert house.get(job).state is S.RUNNING
    word.touch()
    house.wait_for(job, S.COMPLETED)

    next_job = house.submit("endless")
    other = start("worker")
    assert running_in(house, next_job) in runs_below(other)
    assert quiet.poll() is None


def test_a_worker_that_is_stopped_from_afar_yields_signs_off_and_ends_well(house: House, start: Start) -> None:
    worker = start("worker")
    job = house.submit("endless")
    running_in(house, job)
    tended = house.services.worker_service
    (shown,) = tended.list()
    assert tended.order(shown.id, Order.STOP, house.submitter).state == "stopping"
    assert worker.wait(15) == 0
    yielded = house.get(job)
    assert (yielded.state, yielded.attempt, yielded.failures) == (S.QUEUED, 2, 0)
    assert tended.list() == []


def runs_again(house: House, job: Job, processes: set[int]) -> None:
    """Wait until the second attempt of `job` runs in one of the processes given."""
    wait_until(lambda: house.get(job).attempt == 2, 15, "the rescue")
    wait_until(lambda: running_in(house, job) in processes, 15, "the next attempt")


def test_the_jobs_of_a_killed_worker_run_again_on_another_within_fifteen_seconds(house: House, start: Start) -> None:
    victim = start("worker")
    jobs = [house.submit("endless") for _ in range(4)]
    wait_until(lambda: sum(house.get(job).state is S.RUNNING for job in jobs) == 2, 20, "both threads to be busy")
    other = start("worker")
    start("scheduler")
    wait_until(lambda: all(house.get(job).state is S.RUNNING for job in jobs), 20, "both workers to be busy")
    held = [job for job in jobs if running_in(house, job) in runs_below(victim)]
    for job in jobs:
        if job not in held:
            house.services.jobs.cancel(job.id, house.submitter)
    victim.send_signal(signal.SIGKILL)
    killed_at = time.monotonic()
    for job in held:
        runs_again(house, job, runs_below(other))
        assert house.get(job).failures == 1
    assert time.monotonic() - killed_at < 15


def test_a_scheduler_that_is_asked_to_stop_ends_well(start: Start, settings: Settings) -> None:
    scheduler = start("scheduler")
    log_file = settings.log_folder / "scheduler.log"
    wait_until(lambda: log_file.exists() and "scheduler_started" in log_file.read_text(), 20, "the scheduler to start")
    scheduler.send_signal(signal.SIGTERM)
    assert scheduler.wait(10) == 0
    assert "scheduler_stopped" in log_file.read_text()
