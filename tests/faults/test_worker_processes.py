"""A worker's processes, and the one that leads them, are killed, stopped and asked to end in the middle of jobs."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from millrace.jobs.states import JobState
from tests.faults.drill import Face, Fault
from tests.faults.mill import START_SECONDS, Mill, Process, kill, mill
from tests.waiting import wait_until

LONG_SECONDS = 1.5
"""Outlasts whatever a test does before it strikes."""

DEAF_SECONDS = 9.0
"""Outlasts the time that handlers have to come to a checkpoint."""

HOG_SECONDS = 14.0
"""Well over the time after which a silent process counts as lost."""

HOG, DEADLY = "stamped_hog", "stamped_deadly"
S = JobState


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, own_database_url: str) -> Iterator[Mill]:
    """A scheduler, and a worker that nothing happens to."""
    with mill(tmp_path_factory.mktemp("mill"), own_database_url) as it:
        it.start("scheduler")
        it.start("worker")
        it.await_workers(1)
        yield it


@pytest.fixture
def victim(house: Mill) -> Iterator[Process]:
    """A worker of two processes, for this test alone."""
    wait_until(lambda: house.listening() == 1, START_SECONDS, "the other worker to be idle")
    worker = house.start("worker", worker_processes="2")
    house.await_workers(3)
    yield worker
    if worker.poll() is None:
        worker.send_signal(signal.SIGCONT)
        kill(worker)
    wait_until(lambda: house.listening() == 1, START_SECONDS, "its processes to be gone")


def processes_of(house: Mill, worker: Process) -> dict[str, int]:
    """The processes that a worker leads now, by their ids."""
    return {
        process.id: process.pid
        for view in house.services.workers.list_workers()
        if view.pid == worker.pid
        for process in view.processes
    }


def fill(fault: Fault, house: Mill, process_ids: set[str]) -> None:
    """Submit, until each of these processes runs some of the long jobs, and others wait."""
    long = {job.id for job in fault.submit(14, LONG_SECONDS)}
    fault.submit()

    def are_at_work() -> bool:
        running = [job for job in house.services.jobs.running() if job.id in long]
        return process_ids <= {job.worker_id for job in running}

    wait_until(are_at_work, START_SECONDS, "the processes to be at work")


def assert_pays_once(fault: Fault, code: str) -> None:
    """Each job completed; those that were hit by a second attempt, for which they paid one failure."""
    fault.assert_completed()
    jobs = fault.jobs().values()
    assert {(job.attempt, job.failures) for job in jobs} == {(1, 0), (2, 1)}
    hit = [fault.ledger.attempts(job)[-1] for job in jobs if job.failures]
    assert {record.error_code for record in hit} == {code}


def test_when_a_process_of_a_worker_is_killed_the_rest_goes_on_and_another_takes_its_place(
    house: Mill, victim: Process, face: Face
) -> None:
    first = processes_of(house, victim)
    with face("SIGKILL of a worker's process", house) as fault:
        fill(fault, house, set(first))
        killed, other = first
        fault.strikes()
        os.kill(first[killed], signal.SIGKILL)
        fault.is_over()
    assert_pays_once(fault, "crashed")
    wait_until(lambda: len(processes_of(house, victim)) == 2, START_SECONDS, "another to take its place")
    now = processes_of(house, victim)
    assert other in now
    assert killed not in now


def test_when_the_lead_of_a_worker_is_killed_its_processes_end_and_another_worker_does_their_jobs(
    house: Mill, victim: Process, face: Face
) -> None:
    led = processes_of(house, victim)
    with face("SIGKILL of a worker's supervisor", house) as fault:
        fill(fault, house, set(led))
        fault.strikes()
        kill(victim)
        wait_until(lambda: not any(map(psutil.pid_exists, led.values())), 5, "its processes to die with it")
        fault.is_over()
    assert_pays_once(fault, "worker_lost")


def test_what_a_stopped_process_held_is_done_elsewhere_and_its_late_result_is_refused(
    house: Mill, victim: Process, face: Face
) -> None:
    led = processes_of(house, victim)
    with face("SIGSTOP of a worker's process, then SIGCONT", house) as fault:
        fill(fault, house, set(led))
        stopped = next(iter(led))
        fault.strikes()
        # Between its own writes: one that is stopped within one keeps SQLite's lock from everybody.
        house.services.database.write(lambda _: os.kill(led[stopped], signal.SIGSTOP))
        fault.is_over()
        fault.await_recovery()
        os.kill(led[stopped], signal.SIGCONT)
        wait_until(lambda: stopped in house.services.workers.beats(), START_SECONDS, "the process to be heard again")
        fault.await_end()
    assert_pays_once(fault, "worker_lost")
    assert set(processes_of(house, victim)) == set(led)


def test_what_a_stopped_worker_held_is_done_elsewhere_and_its_late_results_are_refused(
    house: Mill, victim: Process, face: Face
) -> None:
    led = processes_of(house, victim)
    with face("SIGSTOP of a worker's supervisor, then SIGCONT", house) as fault:
        fill(fault, house, set(led))
        victim.send_signal(signal.SIGSTOP)
        fault.strikes()
        # Its processes go on, and settle what they hold: only what takes longer than that is taken from them.
        fault.submit(4, 9.0)
        fault.is_over()
        wait_until(lambda: not set(led) & set(house.services.workers.beats()), START_SECONDS, "it to be lost")
        victim.send_signal(signal.SIGCONT)
        wait_until(lambda: set(led) <= set(house.services.workers.beats()), START_SECONDS, "it to be heard again")
    fault.assert_completed()


def test_a_worker_that_is_asked_to_end_counts_no_failure_and_starts_nothing_twice(
    house: Mill, victim: Process, face: Face
) -> None:
    led = processes_of(house, victim)
    with face("SIGTERM of a worker", house) as fault:
        fill(fault, house, set(led))
        fault.strikes()
        victim.send_signal(signal.SIGTERM)
        fault.is_over()
    assert victim.wait(START_SECONDS) == 0
    fault.assert_completed(at_once=True)
    assert processes_of(house, victim) == {}


def test_what_comes_to_no_checkpoint_is_yielded_by_the_lead_once_its_process_has_ended(
    house: Mill, victim: Process, face: Face
) -> None:
    led = set(processes_of(house, victim))
    with face("SIGTERM twice of a worker, handlers deaf", house, within_seconds=3 * DEAF_SECONDS + 10) as fault:
        deaf = fault.submit(8, DEAF_SECONDS)
        wait_until(lambda: len(house.running()) == len(deaf), START_SECONDS, "all to be at work")
        held = [job.id for job in house.services.jobs.running() if job.worker_id in led]
        fault.strikes()
        for asks in (signal.SIGTERM, signal.SIGINT):
            victim.send_signal(asks)
        fault.is_over()
        assert victim.wait(START_SECONDS) == 0
        yielded = {job_id: (job.attempt, job.failures) for job_id, job in fault.jobs().items() if job_id in held}
        assert yielded == dict.fromkeys(held, (2, 0))
        fault.remark = f"jobs of {DEAF_SECONDS:g} s, begun again"
    fault.assert_completed()


def test_a_process_that_answers_nobody_because_a_handler_keeps_it_busy_is_not_given_up(
    house: Mill, victim: Process, face: Face
) -> None:
    with face("a handler that lets no other thread run", house, within_seconds=3 * HOG_SECONDS) as fault:
        hogs = fault.submit(1, HOG_SECONDS, type_name=HOG)
        wait_until(lambda: fault.stamps.at_work() == {job.id for job in hogs}, START_SECONDS, "it to be at work")
        fault.strikes()
        fault.is_over()
    fault.assert_completed(at_once=True)


def test_a_job_that_kills_its_process_each_time_fails_and_those_beside_it_complete(
    house: Mill, victim: Process, face: Face
) -> None:
    with face("a job that kills its process each time", house, within_seconds=40) as fault:
        fault.submit(8, LONG_SECONDS)
        (deadly,) = fault.submit(1, LONG_SECONDS / 3, type_name=DEADLY)
        fault.submit()
        wait_until(lambda: deadly.id in house.running(), START_SECONDS, "the deadly one to be at work")
        fault.strikes()
        fault.is_over()
        fault.await_end()
        jobs = fault.jobs()
        ended = jobs.pop(deadly.id)
        beside = [job for job in jobs.values() if job.failures]
        fault.remark = f"{ended.failures} deaths; {len(beside)} jobs beside it began again"
    assert (ended.state, ended.crashes, ended.error_code) == (S.FAILED, 3, "crashed")
    assert {job.state for job in jobs.values()} == {S.COMPLETED}
    assert {job.crashes for job in jobs.values()} == {0}
    assert {job.failures for job in beside} <= {1}
