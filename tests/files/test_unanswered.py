"""Artifacts while the database is away: content comes in once, and stays where its row is, or may be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import pytest

from millrace.errors import DatabaseUnavailable
from millrace.files.local import LocalFolder
from millrace.files.service import FileRows, FileService
from millrace.jobs.outcome import Completed
from millrace.jobs.states import JobState
from millrace.store.file_store import FileStore
from millrace.store.job_store import SqlJobStore
from millrace.worker.patience import Patience, PatientFiles
from tests.factories import a_settlement
from tests.files.conftest import MAX_UPLOAD_BYTES, FilesInPlace

T = TypeVar("T")
CONTENT = b"name,email\n"


@dataclass
class Faulty:
    """The rows, where each try to add an artifact meets the next of `faults`; is its row written all the same?"""

    rows: FileStore
    is_written: bool
    faults: list[Exception]

    def add_artifact(self, *arguments: Any) -> Any:
        added = self.rows.add_artifact(*arguments) if self.is_written or not self.faults else None
        if self.faults:
            raise self.faults.pop(0)
        return added

    def service(self, files: FilesInPlace) -> FileService:
        rows = cast(FileRows, self)
        return FileService(rows, LocalFolder(files.folder), max_upload_bytes=MAX_UPLOAD_BYTES)


@pytest.mark.parametrize("is_written", [False, True], ids=["not written", "written without a reply"])
def test_the_content_of_an_artifact_is_taken_in_once_however_often_its_row_is_tried(
    files: FilesInPlace, is_written: bool
) -> None:
    job = files.jobs.in_state(JobState.RUNNING)
    faulty = Faulty(files.rows, is_written, [DatabaseUnavailable(), DatabaseUnavailable()])
    stored = PatientFiles(faulty.service(files), Patience()).save_artifact(job, "a.txt", CONTENT)
    assert faulty.faults == []
    assert files.on_disk() == [stored.id]
    assert list(files.service.artifacts_of(job.id, 1)) == [stored]


def test_an_artifact_that_was_written_without_a_reply_is_kept_though_the_job_was_settled_since(
    files: FilesInPlace,
) -> None:
    claimed = files.jobs.running(files.jobs.in_state(JobState.QUEUED))
    faulty = Faulty(files.rows, True, [DatabaseUnavailable()])

    def again_after_the_settlement(add: Callable[[], T]) -> T:
        with pytest.raises(DatabaseUnavailable):
            add()
        SqlJobStore(files.database).settle(a_settlement(claimed, Completed()))
        return add()

    stored = faulty.service(files).save_artifact(claimed.job, "a.txt", CONTENT, again_after_the_settlement)
    assert files.on_disk() == [stored.id]


def test_an_artifact_whose_row_is_refused_leaves_no_content(files: FilesInPlace) -> None:
    job = files.jobs.in_state(JobState.RUNNING)
    with pytest.raises(ValueError, match="a bug"):
        Faulty(files.rows, False, [ValueError("a bug")]).service(files).save_artifact(job, "a.txt", CONTENT)
    assert files.on_disk() == []


def test_an_artifact_whose_row_may_be_written_keeps_its_content(files: FilesInPlace) -> None:
    job = files.jobs.in_state(JobState.RUNNING)
    with pytest.raises(DatabaseUnavailable):
        Faulty(files.rows, True, [DatabaseUnavailable()]).service(files).save_artifact(job, "a.txt", CONTENT)
    (kept,) = files.service.artifacts_of(job.id, 1)
    assert files.on_disk() == [kept.id]
