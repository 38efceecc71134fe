"""A job from its submission to its end: real database, real Redis, real Dramatiq threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from redis import Redis

from millrace.jobs.job import Job
from millrace.jobs.states import JobState
from millrace.scheduler.loop import SchedulerLoop
from millrace.services import Services
from tests.flow.conftest import House, restore_queues
from tests.flow.own_worker import OwnWorker
from tests.waiting import wait_until

S = JobState
StartWorker = Callable[[], OwnWorker]


@pytest.fixture
def start_worker(house: House, make_services: Callable[..., Services]) -> Iterator[StartWorker]:
    """Starts a worker with services of its own, as if it were another process."""
    with ExitStack() as stack:

        def start() -> OwnWorker:
            worker = OwnWorker(make_services())
            worker.start()
            stack.callback(lambda: worker.stop(lambda: True))
            return worker

        yield start


@pytest.fixture
def worker(start_worker: StartWorker) -> OwnWorker:
    return start_worker()


@pytest.fixture
def scheduler(house: House, make_services: Callable[..., Services]) -> Iterator[None]:
    ended = threading.Event()
    loop = SchedulerLoop.of(make_services())
    thread = threading.Thread(target=lambda: loop.run(ended.wait))
    thread.start()
    yield
    ended.set()
    thread.join()


def running(house: House, job: Job) -> Job:
    """`job`, once its handler has spoken."""
    wait_until(lambda: house.get(job).progress_seq > 0, message="the handler to speak")
    return house.get(job)


def test_a_job_runs_and_leaves_its_result_its_log_its_artifact_and_a_record(house: House, worker: OwnWorker) -> None:
    job = house.wait_for(house.submit("echo", {"text": "hello"}), S.COMPLETED)
    reader = house.services.reader
    assert reader.result(job) == {"text": "hello"}
    assert (job.progress_fraction, job.progress_message, job.worker_id) == (1.0, "done", worker.id)
    lines = reader.logs(job.id, 0, 10, house.submitter)
    assert [(line.seq, line.level, line.message) for line in lines] == [(1, "info", "said hello")]
    (artifact,) = reader.artifacts(job.id, house.submitter)
    with house.services.files.open_for(house.submitter.id, artifact.id) as stream:
        assert stream.read() == b"hello"
    (record,) = reader.attempts(job.id, house.submitter)
    assert (record.number, record.outcome, record.worker_id) == (1, "completed", worker.id)


def test_a_failing_job_is_tried_until_its_last_attempt_and_tells_why(
    house: House, worker: OwnWorker, scheduler: None
) -> None:
    job = house.wait_for(house.submit("broken"), S.FAILED)
    assert (job.attempt, job.failures) == (3, 3)
    assert (job.error_code, job.error_message) == ("handler_error", "attempt 3 went wrong")
    records = house.services.reader.attempts(job.id, house.submitter)
    assert [(record.number, record.outcome) for record in records] == [(3, "failed"), (2, "retrying"), (1, "retrying")]
    assert records[0].error_type == "ValueError"
    assert "sample_handlers.py" in (records[0].traceback or "")
    assert "worker/attempt.py" not in (records[0].traceback or "")


def test_a_permanent_failure_is_not_tried_again(house: House, worker: OwnWorker) -> None:
    job = house.wait_for(house.submit("hopeless"), S.FAILED)
    assert (job.attempt, job.error_code, job.error_message) == (1, "nothing_to_do", "There is nothing to be done.")


def test_a_job_that_asks_for_later_runs_again(house: House, worker: OwnWorker, scheduler: None) -> None:
    job = house.wait_for(house.submit("patient"), S.COMPLETED)
    assert (job.attempt, job.failures) == (2, 1)


def test_a_result_that_is_no_json_fails_the_job_for_good(house: House, worker: OwnWorker) -> None:
    assert house.wait_for(house.submit("odd"), S.FAILED).error_code == "bad_result"


def test_a_running_job_is_cancelled_within_a_second(house: House, worker: OwnWorker) -> None:
    job = running(house, house.submit("endless"))
    house.services.jobs.cancel(job.id, house.submitter)
    job = house.wait_for(job, S.CANCELLED, timeout=1)
    assert (job.failures, job.cancel_requested_by) == (0, house.submitter.id)


def test_a_cancellation_that_redis_lost_arrives_with_the_heartbeat(
    house: House, make_services: Callable[..., Services], worker: OwnWorker
) -> None:
    elsewhere = make_services()
    elsewhere.publisher.close()
    job = running(house, house.submit("endless"))
    elsewhere.jobs.cancel(job.id, house.submitter)
    house.wait_for(job, S.CANCELLED, timeout=4)


def test_a_job_that_runs_over_its_time_fails(house: House, worker: OwnWorker) -> None:
    job = house.wait_for(house.submit("endless", time_limit=timedelta(seconds=1)), S.FAILED)
    assert job.error_code == "time_limit"
    assert job.error_message == "It ran longer than its time limit of 1 second."


def test_a_stopping_worker_lets_jobs_finish_in_the_grace_time(house: House, start_worker: StartWorker) -> None:
    worker = start_worker()
    job = running(house, house.submit("deaf"))
    worker.stop()
    assert house.get(job).state is S.COMPLETED
    assert house.services.workers.beats() == {}


def test_what_a_stopping_worker_yields_costs_no_failure_and_runs_on_another(
    house: House, start_worker: StartWorker
) -> None:
    first = start_worker()
    job = running(house, house.submit("endless"))
    first.stop(lambda: True)
    yielded = house.get(job)
    assert (yielded.state, yielded.attempt, yielded.failures) == (S.QUEUED, 2, 0)
    second = start_worker()
    assert house.wait_for(job, S.RUNNING).worker_id == second.id


def test_what_a_stopping_worker_had_not_started_is_back_in_its_queue(house: House, start_worker: StartWorker) -> None:
    first = start_worker()
    jobs = [house.submit("endless") for _ in range(20)]
    wait_until(lambda: sum(house.get(job).state is S.RUNNING for job in jobs) == 4)
    first.stop(lambda: True)
    assert all(house.get(job).state is S.QUEUED for job in jobs)
    line = house.services.line
    assert sum(line.counts("default").waiting.values()) == 20
    assert all(line.position("default", house.get(job).delivery) is not None for job in jobs)
    assert line.held_by(first.id) == frozenset()


def test_a_message_sent_twice_starts_its_job_once(house: House, start_worker: StartWorker) -> None:
    jobs = [house.submit("echo", {"text": str(number)}) for number in range(50)]
    start_worker()
    start_worker()
    for job in jobs:
        house.services.restoration.add_queued([job])
    for job in jobs:
        ended = house.wait_for(job, S.COMPLETED)
        assert ended.attempt == 1
        assert len(house.services.reader.attempts(job.id, house.submitter)) == 1


def test_jobs_survive_a_redis_that_forgets_everything(
    house: House, make_services: Callable[..., Services], start_worker: StartWorker
) -> None:
    jobs = [house.submit("echo", {"text": str(number)}) for number in range(20)]
    with Redis.from_url(house.services.settings.redis_url) as redis:
        redis.flushall()
    start_worker()
    restore_queues(make_services())
    for job in jobs:
        house.wait_for(job, S.COMPLETED)


def test_jobs_of_a_worker_that_vanished_are_rescued_and_run_again(
    house: House, start_worker: StartWorker, scheduler: None
) -> None:
    ghost = "a-worker-that-was-killed"
    job = house.submit("patient")
    assert house.services.jobs.claim(job.delivery, ghost) is not None
    start_worker()
    job = house.wait_for(job, S.COMPLETED, timeout=25)
    records = house.services.reader.attempts(job.id, house.submitter)
    assert [(record.number, record.outcome) for record in records] == [(2, "completed"), (1, "lost")]


def test_a_job_that_its_living_worker_does_not_know_of_is_rescued_and_runs_again(
    house: House, start_worker: StartWorker, scheduler: None
) -> None:
    worker = start_worker()
    wait_until(lambda: house.services.workers.beats().get(worker.id, 0) >= 1)
    house.services.queues.change("default", {"paused": True}, house.submitter)
    job = house.submit("patient")
    assert house.services.jobs.claim(job.delivery, worker.id) is not None
    house.services.queues.change("default", {"paused": False}, house.submitter)
    job = house.wait_for(job, S.COMPLETED, timeout=25)
    records = house.services.reader.attempts(job.id, house.submitter)
    assert [(record.number, record.outcome, record.error_code) for record in records] == [
        (2, "completed", None),
        (1, "lost", "attempt_lost"),
    ]
