"""Attempts in processes of their own, through a real worker: what they leave is the same as in a thread."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from millrace.jobs.job import Job
from millrace.jobs.states import JobState
from millrace.services import Services
from millrace.settings import Settings
from millrace.worker.isolation.launcher import Launcher
from millrace.worker.words import MOST_LINE_LENGTH, MOST_LINES
from tests.flow.conftest import SAMPLE_HANDLERS, House
from tests.flow.own_worker import OwnWorker
from tests.waiting import wait_until

S = JobState


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, handler_modules=(SAMPLE_HANDLERS, "tests.flow.isolated_handlers"))


@pytest.fixture(autouse=True)
def worker(house: House, make_services: Callable[..., Services]) -> Iterator[OwnWorker]:
    worker = OwnWorker(make_services())
    worker.start()
    yield worker
    worker.stop(lambda: True)


def ended(house: House, type_name: str, text: str = "") -> Job:
    """A new job, once its first attempt has ended."""
    job = house.submit(type_name, {"text": text} if text else {})
    return house.wait_for(job, S.COMPLETED, S.FAILED, S.RETRYING, S.CANCELLED, timeout=30)


def test_result_progress_log_and_artifacts_are_those_of_a_thread(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    job = ended(house, "isolated_echo", "hellö")
    reader = house.services.reader
    result = reader.result(job)
    assert result is not None
    assert (job.state, result["text"]) == (S.COMPLETED, "hellö")
    assert (job.progress_fraction, job.progress_message) == (1.0, "done")
    lines = reader.logs(job.id, 0, 10, house.submitter)
    assert [(line.seq, line.level, line.message) for line in lines] == [(1, "info", "said hellö")]
    (artifact,) = reader.artifacts(job.id, house.submitter)
    with house.services.files.open_for(house.submitter.id, artifact.id) as stream:
        assert stream.read() == "hellö".encode()
    assert "hellö on the terminal\n" in capfd.readouterr().out


def test_each_attempt_has_a_process_of_its_own(house: House) -> None:
    jobs = [house.submit("isolated_echo", {"text": "one"}) for _ in range(20)]
    results = [house.services.reader.result(house.wait_for(job, S.COMPLETED)) for job in jobs]
    assert len({result["process"] for result in results if result is not None}) == 20


def test_inputs_and_artifacts_are_read_under_their_names(house: House) -> None:
    upload = house.services.files.store_upload(house.submitter, "données.txt", io.BytesIO(b"from start to end!"))
    other = ended(house, "isolated_echo", "of another job")
    read = house.submit("isolated_reader", {"file_id": upload.id, "job_id": other.id, "name": "echo.txt"})
    job = house.wait_for(read, S.COMPLETED, S.FAILED, S.RETRYING)
    assert house.services.reader.result(job) == {
        "name": "données.txt",
        "size": 18,
        "start": "from",
        "end": "end!",
        "artifact": "of another job",
    }
    (artifact,) = house.services.reader.artifacts(job.id, house.submitter)
    with house.services.files.open_for(house.submitter.id, artifact.id) as stream:
        assert (artifact.name, stream.read()) == ("made.txt", b"made")


@pytest.mark.parametrize(
    ("asked", "state", "code", "type_name"),
    [
        ("input", S.FAILED, "file_not_found", "PermanentFailure"),
        ("name", S.FAILED, "bad_file_name", "BadFileName"),
        ("path", S.RETRYING, "handler_error", "FileNotFoundError"),
    ],
)
def test_what_the_worker_refuses_is_raised_in_the_handler(
    house: House, asked: str, state: JobState, code: str, type_name: str
) -> None:
    job = ended(house, "isolated_refused", asked)
    (record,) = house.services.reader.attempts(job.id, house.submitter)
    assert (job.state, record.error_code, record.error_type) == (state, code, type_name)


def test_an_error_is_told_with_its_traceback_from_the_handler_on(house: House) -> None:
    job = ended(house, "isolated_broken")
    assert (job.state, job.crashes, job.error_message) == (S.RETRYING, 0, "attempt 1 went wrong")
    (record,) = house.services.reader.attempts(job.id, house.submitter)
    assert record.error_type == "ValueError"
    assert "isolated_handlers.py" in (record.traceback or "")
    assert "millrace/worker" not in (record.traceback or "")


@pytest.mark.parametrize(("returned", "code"), [("too large", "result_too_large"), ("an object", "bad_result")])
def test_a_result_that_cannot_be_kept_fails_the_job_for_good(house: House, returned: str, code: str) -> None:
    job = ended(house, "isolated_odd", returned)
    assert (job.state, job.error_code) == (S.FAILED, code)


def test_a_loud_handler_is_heard_as_far_as_a_log_goes(house: House) -> None:
    job = ended(house, "isolated_loud")
    assert (job.state, job.progress_fraction, job.progress_message) == (S.COMPLETED, 1.0, "step 100000")
    assert job.progress_seq < 20_000
    (first,) = house.services.reader.logs(job.id, 0, 1, house.submitter)
    assert len(first.message) == MOST_LINE_LENGTH
    last = house.services.reader.logs(job.id, MOST_LINES - 1, 10, house.submitter)
    assert [line.level for line in last] == ["info", "warning"]


def test_the_process_has_neither_database_nor_redis_and_nothing_of_the_worker_but_its_line(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_DATABASE_URL", house.services.settings.database_url)
    result = house.services.reader.result(ended(house, "isolated_curious"))
    assert result == {
        "sockets": 1,
        "pipes": 1,  # for what Python writes when a signal ends it
        "descriptors": 2,
        "environment": [],
        "database_url": "",
        "threads": 4,
        "oom_score_adj": 1000,
        "leads_its_session": True,
    }


def test_many_side_by_side_all_complete(house: House, make_services: Callable[..., Services]) -> None:
    second = OwnWorker(make_services(worker_threads=8))
    second.start()
    jobs = [house.submit("isolated_echo", {"text": str(number)}) for number in range(100)]
    for number, job in enumerate(jobs):
        result = house.services.reader.result(house.wait_for(job, S.COMPLETED, timeout=60))
        assert result is not None
        assert result["text"] == str(number)
        assert house.get(job).attempt == 1
    second.stop()


def test_without_a_forkserver_to_be_had_the_attempt_fails_and_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.worker.isolation.launcher.MODULE", "millrace.there_is_no_such_module")
    job = ended(house, "isolated_echo", "never")
    assert (job.state, job.crashes, job.error_code) == (S.RETRYING, 0, "no_process")
    monkeypatch.undo()
    wait_until(lambda: house.services.jobs.promote_due(10), message="the next attempt to be due")
    house.wait_for(job, S.COMPLETED)


def test_a_closed_launcher_launches_nothing(settings: Settings) -> None:
    launcher = Launcher(settings)
    launcher.close()
    with pytest.raises(Exception, match="No process"):
        launcher.launch()
