"""The rows of files, on each database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from millrace.jobs.ports import NewFile
from millrace.jobs.states import JobState
from millrace.store.database import Database
from millrace.store.file_store import FileStore
from millrace.store.job_store import SqlJobStore
from tests.factories import JobsInStates, an_id


def a_new_file(**overrides: Any) -> NewFile:
    values: dict[str, Any] = {
        "id": an_id(),
        "owner_id": an_id(),
        "name": "Été.jpg",
        "content_type": "image/jpeg",
        "size_bytes": 5_000_000_000,
        "sha256": "0" * 64,
    }
    return NewFile(**(values | overrides))


@pytest.fixture
def files(database: Database) -> FileStore:
    return FileStore(database)


def test_a_row_comes_back_as_it_was_written_with_the_databases_time(files: FileStore) -> None:
    new = a_new_file()
    stored, replaced = files.add(new)
    values = asdict(stored)
    created_at = values.pop("created_at")
    assert values == asdict(new)
    assert abs((datetime.now(UTC) - created_at).total_seconds()) < 60
    assert list(replaced) == []
    assert list(files.get_files([new.id])) == [stored]


def test_uploads_of_one_name_stand_beside_each_other(files: FileStore) -> None:
    owner = an_id()
    ids = [files.add(a_new_file(owner_id=owner))[0].id for _ in range(2)]
    assert [file.id for file in files.get_files(ids)] == ids


def test_an_artifact_replaces_its_namesake_of_the_same_attempt_only(files: FileStore) -> None:
    job_id = an_id()
    first, _ = files.add(a_new_file(job_id=job_id, attempt=1))
    of_other_attempt, _ = files.add(a_new_file(job_id=job_id, attempt=2))
    second, replaced = files.add(a_new_file(job_id=job_id, attempt=1))
    assert list(replaced) == [first.id]
    assert list(files.artifacts_of(job_id, 1)) == [second]
    assert list(files.artifacts_of(job_id, 2)) == [of_other_attempt]


def test_an_artifact_that_is_added_again_finds_itself_done_and_replaces_nothing(
    files: FileStore, store: SqlJobStore
) -> None:
    job = JobsInStates(store).in_state(JobState.RUNNING)
    new = a_new_file(job_id=job.id, attempt=1)
    added = files.add_artifact(new, job.token)
    assert added is not None
    assert files.add_artifact(new, job.token) == (added[0], ())


def test_an_artifact_that_two_add_at_once_is_added_once(files: FileStore, store: SqlJobStore) -> None:
    job = JobsInStates(store).in_state(JobState.RUNNING)
    new = a_new_file(job_id=job.id, attempt=1)
    with ThreadPoolExecutor(4) as threads:
        added = list(threads.map(lambda _: files.add_artifact(new, job.token), range(4)))
    (stored,) = files.artifacts_of(job.id, 1)
    assert [(file, list(replaced)) for file, replaced in filter(None, added)] == [(stored, [])] * 4


def test_artifacts_come_in_the_order_in_which_they_were_saved(files: FileStore) -> None:
    job_id = an_id()
    names = ["c", "a", "b"]
    for name in names:
        files.add(a_new_file(job_id=job_id, attempt=1, name=name))
    assert [file.name for file in files.artifacts_of(job_id, 1)] == names


def test_an_artifact_of_an_attempt_given_up_for_lost_is_never_found(files: FileStore, store: SqlJobStore) -> None:
    jobs = JobsInStates(store)
    again = store.requeue(jobs.in_state(JobState.COMPLETED).id)
    assert again is not None
    assert again.attempt == 2
    files.add(a_new_file(job_id=again.id, attempt=1, name="a"))
    assert files.artifact_named(again.id, "a") is None
    current, _ = files.add(a_new_file(job_id=again.id, attempt=2, name="a"))
    assert files.artifact_named(again.id, "a") == current


@pytest.mark.parametrize("nothing", ["", "nonsense", "\x00", an_id()])
def test_an_id_of_nothing_finds_nothing(files: FileStore, nothing: str) -> None:
    assert list(files.get_files([nothing])) == []
    assert list(files.artifacts_of(nothing, 1)) == []
    assert files.artifact_named(nothing, "a") is None
