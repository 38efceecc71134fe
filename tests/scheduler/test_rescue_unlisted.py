"""What runs, and what its worker lists: a job that nobody holds is found, and no other."""

from millrace.jobs.job import Job
from millrace.jobs.states import JobState
from millrace.queues.worker import ProcessReport
from millrace.scheduler.sweeps.rescue_unlisted import Ledger
from tests.factories import a_queued_job


def a_running_job(worker_id: str = "w") -> Job:
    return a_queued_job(state=JobState.RUNNING, worker_id=worker_id, token="t")


def report(beats: int, *held: Job) -> dict[str, ProcessReport]:
    return {"w": ProcessReport(beats, frozenset(str(job.delivery) for job in held))}


def test_a_job_that_its_worker_leaves_out_twice_is_unlisted() -> None:
    ledger, job, other = Ledger(), a_running_job(), a_running_job()
    assert ledger.unlisted([job, other], report(4, other)) == []
    assert ledger.unlisted([job, other], report(5, other)) == []
    assert ledger.unlisted([job, other], report(6, other)) == [job]


def test_looking_often_takes_nothing_from_a_worker_that_beats_slowly() -> None:
    ledger, job = Ledger(), a_running_job()
    assert not any(ledger.unlisted([job], report(4)) for _ in range(100))


def test_a_job_that_its_worker_lists_in_the_meantime_is_well() -> None:
    ledger, job = Ledger(), a_running_job()
    ledger.unlisted([job], report(4))
    ledger.unlisted([job], report(5, job))
    assert ledger.unlisted([job], report(6)) == []
    assert ledger.unlisted([job], report(7)) == []


def test_jobs_of_silent_workers_are_for_others() -> None:
    ledger, ghost = Ledger(), a_running_job("ghost")
    for beats in range(10):
        assert ledger.unlisted([ghost], report(beats)) == []


def test_a_process_that_is_too_busy_to_say_what_it_holds_loses_nothing() -> None:
    ledger, job = Ledger(), a_running_job()
    ledger.unlisted([job], report(4))
    for beats in range(5, 10):
        assert ledger.unlisted([job], {"w": ProcessReport(beats, None)}) == []
    assert ledger.unlisted([job], report(10)) == []


def test_a_second_attempt_is_counted_from_its_own_first_miss() -> None:
    ledger, job = Ledger(), a_running_job()
    ledger.unlisted([job], report(4))
    again = a_queued_job(id=job.id, attempt=2, state=JobState.RUNNING, worker_id="w", token="u")
    assert ledger.unlisted([again], report(6)) == []
    assert ledger.unlisted([again], report(8)) == [again]
