"""What ends an isolated attempt: its own death, a cancellation, its limits, the death of what is around it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from millrace.jobs.job import Job
from millrace.jobs.states import JobState
from millrace.services import Services
from millrace.settings import Settings
from tests.flow.conftest import SAMPLE_HANDLERS, House
from tests.flow.own_worker import OwnWorker
from tests.waiting import wait_until

S = JobState
ROOT = Path(__file__).parents[2]
HANDLER_MODULES = (SAMPLE_HANDLERS, "tests.flow.isolated_handlers")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, handler_modules=HANDLER_MODULES)


@pytest.fixture
def worker(house: House, make_services: Callable[..., Services]) -> Iterator[OwnWorker]:
    with ExitStack() as stack:
        worker = OwnWorker(make_services())
        worker.start()
        stack.callback(lambda: worker.stop(lambda: True))
        yield worker


def processes_of(house: House, job: Job) -> list[int]:
    """The processes of a job that says which they are, once it has said so in its present attempt."""

    def told() -> bool:
        now = house.get(job)
        return now.state is S.RUNNING and now.progress_message.startswith("in process")

    wait_until(told, 20, "the job to run")
    return [int(word) for word in house.get(job).progress_message.split()[2:]]


def wait_until_gone(processes: list[int]) -> None:
    wait_until(lambda: not any(psutil.pid_exists(process) for process in processes), 5, "its processes to be gone")


def ended(house: House, job: Job) -> Job:
    """`job`, once it ended for good, its retries promoted as the scheduler would."""

    def is_over() -> bool:
        house.services.jobs.promote_due(10)
        return house.get(job).state in (S.COMPLETED, S.FAILED, S.CANCELLED)

    wait_until(is_over, 30, f"{job.type} to end")
    return house.get(job)


@pytest.mark.parametrize(
    ("how", "evidence"),
    [
        ("exit", "ended with exit code 3;"),
        ("silence", "ended with exit code 0;"),
        ("segfault", "was ended by SIGSEGV;"),
        ("kill", "was ended by SIGKILL, as the kernel does when memory runs out;"),
    ],
)
def test_a_death_ends_its_job_alone_and_leaves_evidence(
    house: House, worker: OwnWorker, how: str, evidence: str
) -> None:
    neighbours = [house.submit("endless"), house.submit("isolated_endless")]
    for neighbour in neighbours:
        processes_of(house, neighbour)
    job = house.wait_for(house.submit("isolated_crash", {"text": how}), S.RETRYING)
    assert (job.error_code, job.failures, job.crashes) == ("crashed", 1, 1)
    assert job.error_message is not None
    assert job.error_message.startswith(f"The process that ran this attempt {evidence} it used up to ")
    for neighbour in neighbours:
        assert (house.get(neighbour).state, house.get(neighbour).attempt) == (S.RUNNING, 1)


def test_a_segfault_says_where(house: House, worker: OwnWorker) -> None:
    job = house.wait_for(house.submit("isolated_crash", {"text": "segfault"}), S.RETRYING)
    (record,) = house.services.reader.attempts(job.id, house.submitter)
    assert record.traceback is not None
    assert record.traceback.startswith("Fatal Python error: Segmentation fault")
    assert "isolated_handlers.py" in record.traceback


@pytest.mark.parametrize("how", ["memory", "memory of its own child"])
def test_too_much_memory_ends_the_attempt_and_counts_as_a_crash(house: House, worker: OwnWorker, how: str) -> None:
    job = house.wait_for(house.submit("isolated_crash", {"text": how}), S.RETRYING)
    assert (job.error_code, job.crashes) == ("memory_limit", 1)
    assert job.error_message is not None
    assert job.error_message.endswith(" MiB of memory; jobs of this type may use 128 MiB.")


def test_memory_that_is_shared_counts_once(house: House, worker: OwnWorker) -> None:
    job = ended(house, house.submit("isolated_sharing"))
    assert (job.state, job.attempt) == (S.COMPLETED, 1)


@pytest.mark.parametrize("how", ["exit", "memory"])
def test_three_deaths_alone_end_a_job_however_many_attempts_are_left(house: House, worker: OwnWorker, how: str) -> None:
    job = ended(house, house.submit("isolated_crash", {"text": how}))
    assert (job.state, job.failures, job.crashes, job.max_attempts) == (S.FAILED, 3, 3, 10)
    assert job.error_message is not None
    assert "It died 3 times" in job.error_message
    (line,) = house.services.reader.logs(job.id, 0, 10, house.submitter)
    assert line.message == "about to end"
    records = house.services.reader.attempts(job.id, house.submitter)
    assert [record.outcome for record in records] == ["failed", "retrying", "retrying"]


def test_a_job_that_runs_alone_has_a_process_of_its_own_whatever_its_type_says(house: House, worker: OwnWorker) -> None:
    house.services.queues.change("default", {"paused": True}, house.submitter)
    jobs = [house.submit("hungry"), house.submit("hungry")]
    for job in jobs:
        assert house.services.jobs.claim(job.delivery, "one-that-dies") is not None
    house.services.jobs.report_death("one-that-dies", "was ended by SIGSEGV")
    house.services.queues.change("default", {"paused": False}, house.submitter)
    results = [house.services.reader.result(ended(house, job)) for job in jobs]
    assert len({os.getpid(), *(result["process"] for result in results if result)}) == 3


@pytest.mark.parametrize("why", ["asleep", "spinning"])
def test_a_deaf_handler_is_cancelled_within_five_seconds_and_leaves_no_process(
    house: House, worker: OwnWorker, why: str
) -> None:
    job = house.submit("isolated_deaf", {"text": why})
    processes = processes_of(house, job)
    assert all(map(psutil.pid_exists, processes))
    house.services.jobs.cancel(job.id, house.submitter)
    job = house.wait_for(job, S.CANCELLED, timeout=5)
    assert (job.failures, job.crashes) == (0, 0)
    wait_until_gone(processes)


def test_a_deaf_handler_is_ended_by_its_time_limit(house: House, worker: OwnWorker) -> None:
    job = house.submit("isolated_deaf", time_limit=timedelta(seconds=1))
    processes = processes_of(house, job)
    job = house.wait_for(job, S.FAILED, timeout=6)
    assert (job.error_code, job.error_message) == ("time_limit", "It ran longer than its time limit of 1 second.")
    (line,) = house.services.reader.logs(job.id, 0, 10, house.submitter)
    assert (line.level, line.message) == ("warning", "The time limit of 1 second ends in 0.2 seconds.")
    wait_until_gone(processes)


def test_a_handler_that_listens_is_cancelled_within_a_second_and_may_clean_up(house: House, worker: OwnWorker) -> None:
    job = house.submit("isolated_endless")
    processes_of(house, job)
    house.services.jobs.cancel(job.id, house.submitter)
    house.wait_for(job, S.CANCELLED, timeout=1)
    (line,) = house.services.reader.logs(job.id, 0, 10, house.submitter)
    assert line.message == "cleaned up"


def test_a_stopping_worker_yields_what_is_deaf_at_no_cost(house: House, make_services: Callable[..., Services]) -> None:
    worker = OwnWorker(make_services())
    worker.start()
    job = house.submit("isolated_deaf")
    processes = processes_of(house, job)
    worker.stop(lambda: True)
    job = house.get(job)
    assert (job.state, job.attempt, job.failures) == (S.QUEUED, 2, 0)
    assert not any(map(psutil.pid_exists, processes))


def test_what_was_in_a_forkserver_that_was_killed_is_tried_again_and_nobody_is_blamed(
    house: House, worker: OwnWorker
) -> None:
    deaf, other = house.submit("isolated_deaf"), house.submit("isolated_endless")
    processes = processes_of(house, deaf) + processes_of(house, other)
    os.kill(psutil.Process(processes[0]).ppid(), signal.SIGKILL)
    for job in (deaf, other):
        lost = house.wait_for(job, S.RETRYING)
        assert (lost.error_code, lost.failures, lost.crashes) == ("crashed", 1, 0)
    wait_until_gone(processes)
    job = house.wait_for(house.submit("isolated_echo", {"text": "on"}), S.COMPLETED)
    assert job.attempt == 1


def test_a_job_that_kills_its_forkserver_alone_is_blamed_for_it(house: House, worker: OwnWorker) -> None:
    job = ended(house, house.submit("isolated_crash", {"text": "forkserver"}))
    assert (job.state, job.crashes, job.error_code) == (S.FAILED, 3, "crashed")


def test_a_forkserver_that_hangs_is_replaced(house: House, worker: OwnWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    running = house.submit("isolated_endless")
    (process,) = processes_of(house, running)
    monkeypatch.setattr("millrace.worker.isolation.launcher.END_SECONDS", 0.5)
    monkeypatch.setattr("millrace.worker.isolation.isolated.BEGIN_SECONDS", 0.5)
    os.kill(psutil.Process(process).ppid(), signal.SIGSTOP)
    late = house.wait_for(house.submit("isolated_echo", {"text": "late"}), S.RETRYING)
    assert late.error_code == "no_process"
    assert house.wait_for(running, S.RETRYING).crashes == 0
    wait_until_gone([process])
    monkeypatch.undo()
    assert ended(house, late).state is S.COMPLETED


def test_no_process_outlives_a_worker_that_was_killed(house: House, settings: Settings) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MILLRACE_DATA": str(settings.data_folder),
        "MILLRACE_DATABASE_URL": settings.database_url,
        "MILLRACE_REDIS_URL": settings.redis_url,
        "MILLRACE_HANDLERS": " ".join(HANDLER_MODULES),
        "MILLRACE_SHUTDOWN_GRACE_SECONDS": "0",
    }
    code = "import sys; from millrace.run.worker import main; sys.exit(main())"
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as worker:
        try:
            job = house.submit("isolated_deaf")
            processes = processes_of(house, job)
            forkserver = psutil.Process(processes[0]).ppid()
            os.kill(psutil.Process(forkserver).ppid(), signal.SIGKILL)
            wait_until_gone([*processes, forkserver])
        finally:
            worker.terminate()
            worker.wait(20)
