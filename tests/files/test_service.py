"""Uploads come in whole or not at all; each file is seen by those who may see it, and by nobody else."""

import hashlib
import io
import threading
import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from millrace.accounts.account import Role
from millrace.errors import NotAllowed
from millrace.files.errors import BadFileName, ClaimLost, FileTooLarge, NoSuchFile, StorageFull
from millrace.files.local import LocalFolder
from millrace.files.service import FileService
from millrace.jobs.losses import after_loss
from millrace.jobs.outcome import Completed, Failed
from millrace.jobs.ports import StoredFile
from millrace.jobs.states import JobState
from millrace.store.file_store import FileStore
from millrace.store.job_store import SqlJobStore
from millrace.store.retention import prune
from tests.factories import AN_ERROR, a_settlement, an_id
from tests.files.conftest import MAX_UPLOAD_BYTES, FilesInPlace, Limit, an_account

CONTENT = b"name,email\nAda,ada@example.org\n"


class Zeros(io.RawIOBase):
    """A stream of so many zeros, none of them in memory; notes who reads it."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes
        self.readers: set[int] = set()

    def read(self, size: int = -1) -> bytes:
        self.readers.add(threading.get_ident())
        taken = min(self._left, size)
        self._left -= taken
        return bytes(taken)


class Broken(io.BytesIO):
    """A stream whose sender goes away after the first chunk."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionResetError
        return super().read(1000)


def test_an_upload_is_kept_with_what_was_learned_on_the_way(files: FilesInPlace) -> None:
    ada = an_account()
    stored = files.service.store_upload(ada, "C:\\lists\\people.csv", io.BytesIO(CONTENT))
    assert (stored.name, stored.content_type) == ("people.csv", "text/csv")
    assert (stored.size_bytes, stored.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert (stored.owner_id, stored.job_id, stored.attempt) == (ada.id, None, None)
    assert files.service.path_of(stored).read_bytes() == CONTENT
    assert files.service.get_visible(stored.id, ada) == stored


def test_an_upload_of_exactly_the_bound_is_taken(files: FilesInPlace) -> None:
    stream = cast(BinaryIO, Zeros(MAX_UPLOAD_BYTES))
    assert files.service.store_upload(an_account(), "zeros", stream).size_bytes == MAX_UPLOAD_BYTES


def test_an_upload_past_the_bound_is_refused_and_leaves_nothing(files: FilesInPlace) -> None:
    stream = cast(BinaryIO, Zeros(MAX_UPLOAD_BYTES + 1))
    with pytest.raises(FileTooLarge, match=r"at most 2\.861 MB"):
        files.service.store_upload(an_account(), "zeros", stream)
    assert files.on_disk() == []


def test_an_upload_whose_sender_goes_away_leaves_nothing(files: FilesInPlace) -> None:
    with pytest.raises(ConnectionResetError):
        files.service.store_upload(an_account(), "photo.jpg", Broken(b"x" * 5000))
    assert files.on_disk() == []


def test_an_upload_to_a_full_disk_leaves_nothing(files: FilesInPlace, no_room_beyond: Limit) -> None:
    with no_room_beyond(1_500_000), pytest.raises(StorageFull):
        files.service.store_upload(an_account(), "zeros", cast(BinaryIO, Zeros(2_000_000)))
    assert files.on_disk() == []


def test_an_upload_without_a_name_is_refused_before_anything_is_read(files: FilesInPlace) -> None:
    stream = io.BytesIO(CONTENT)
    with pytest.raises(BadFileName):
        files.service.store_upload(an_account(), "..", stream)
    assert stream.tell() == 0


def test_a_viewer_uploads_nothing(files: FilesInPlace) -> None:
    with pytest.raises(NotAllowed):
        files.service.store_upload(an_account(Role.VIEWER), "a.txt", io.BytesIO(b"a"))


def test_an_upload_is_never_whole_in_memory(files: FilesInPlace, tmp_path: Path) -> None:
    service = FileService(files.rows, LocalFolder(tmp_path / "more"), max_upload_bytes=100_000_000)
    tracemalloc.start()
    service.store_upload(an_account(), "zeros", cast(BinaryIO, Zeros(50_000_000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_what_blocks_is_offloaded_and_the_stream_is_read_at_home(files: FilesInPlace, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as elsewhere:
        offloaded: list[object] = []

        def offload(work):  # type: ignore[no-untyped-def] # generic in what it hands back
            offloaded.append(work)
            return elsewhere.submit(work).result()

        folder = LocalFolder(tmp_path / "more")
        service = FileService(files.rows, folder, max_upload_bytes=100_000_000, offload=offload)
        stream = Zeros(3_000_000)
        service.store_upload(an_account(), "zeros", cast(BinaryIO, stream))
    assert stream.readers == {threading.get_ident()}
    assert len(offloaded) >= 5  # begin, three chunks, keep


def test_an_upload_is_seen_by_its_owner_and_by_operators(files: FilesInPlace) -> None:
    ada = an_account()
    stored = files.service.store_upload(ada, "a.txt", io.BytesIO(b"a"))
    for account in (ada, an_account(Role.OPERATOR), an_account(Role.ADMIN)):
        assert files.service.get_visible(stored.id, account) == stored
    for account in (an_account(Role.MEMBER), an_account(Role.VIEWER)):
        with pytest.raises(NoSuchFile):
            files.service.get_visible(stored.id, account)


def test_an_artifact_is_seen_by_who_sees_its_job(files: FilesInPlace) -> None:
    ada = an_account()
    job = files.jobs.in_state(JobState.RUNNING, submitter_id=ada.id)
    stored = files.service.save_artifact(job, "result.txt", b"done")
    for account in (ada, an_account(Role.VIEWER), an_account(Role.OPERATOR)):
        assert files.service.get_visible(stored.id, account) == stored
    with pytest.raises(NoSuchFile):
        files.service.get_visible(stored.id, an_account(Role.MEMBER))


@pytest.mark.parametrize("file_id", ["", "nonsense", "../../x", "x" * 10_000, "\x00", an_id()])
def test_an_id_of_nothing_is_not_found(files: FilesInPlace, file_id: str) -> None:
    with pytest.raises(NoSuchFile):
        files.service.get_visible(file_id, an_account(Role.ADMIN))
    with pytest.raises(NoSuchFile):
        files.service.open_for(an_id(), file_id)
    with pytest.raises(NoSuchFile):
        files.service.open_artifact(an_id(), file_id, "a.txt")
    assert list(files.service.get_files([file_id])) == []
    assert list(files.service.artifacts_of(file_id, 1)) == []


def test_a_worker_opens_files_of_the_submitter_alone(files: FilesInPlace) -> None:
    ada = an_account()
    stored = files.service.store_upload(ada, "people.csv", io.BytesIO(CONTENT))
    with files.service.open_for(ada.id, stored.id) as stream:
        assert stream.name == "people.csv"
        assert stream.read() == CONTENT
    with pytest.raises(NoSuchFile):
        files.service.open_for(an_id(), stored.id)


def test_content_that_somebody_removed_from_the_disk_is_not_found(files: FilesInPlace) -> None:
    ada = an_account()
    stored = files.service.store_upload(ada, "people.csv", io.BytesIO(CONTENT))
    files.service.path_of(stored).unlink()
    with pytest.raises(NoSuchFile, match="gone"):
        files.service.open_for(ada.id, stored.id)


def test_an_artifact_is_saved_from_bytes_or_from_a_path(files: FilesInPlace, tmp_path: Path) -> None:
    job = files.jobs.in_state(JobState.RUNNING)
    path = tmp_path / "scratch"
    path.write_bytes(CONTENT)
    from_bytes = files.service.save_artifact(job, "a.csv", CONTENT)
    from_path = files.service.save_artifact(job, "b.csv", path)
    assert from_bytes.sha256 == from_path.sha256
    assert (from_path.job_id, from_path.attempt, from_path.owner_id) == (job.id, 1, job.submitter_id)
    assert list(files.service.artifacts_of(job.id, 1)) == [from_bytes, from_path]
    with files.service.open_artifact(job.submitter_id, job.id, "b.csv") as stream:
        assert stream.read() == CONTENT


def test_an_artifact_saved_again_replaces_the_first_one_and_its_content(files: FilesInPlace) -> None:
    job = files.jobs.in_state(JobState.RUNNING)
    files.service.save_artifact(job, "a.txt", b"first")
    second = files.service.save_artifact(job, "a.txt", b"second")
    assert list(files.service.artifacts_of(job.id, 1)) == [second]
    assert files.on_disk() == [second.id]


def test_an_artifact_of_somebody_elses_job_is_not_found(files: FilesInPlace) -> None:
    job = files.jobs.in_state(JobState.RUNNING)
    files.service.save_artifact(job, "a.txt", b"a")
    with pytest.raises(NoSuchFile):
        files.service.open_artifact(an_id(), job.id, "a.txt")


def test_what_an_attempt_saves_after_it_was_settled_or_taken_away_is_not_kept(files: FilesInPlace) -> None:
    store = SqlJobStore(files.database)
    settled, taken = (files.jobs.running(files.jobs.in_state(JobState.QUEUED)) for _ in range(2))
    kept = files.service.save_artifact(settled.job, "a.txt", b"in time")
    store.settle(a_settlement(settled, Failed(AN_ERROR)))
    store.rescue([after_loss(taken.job, AN_ERROR)])
    for late in (settled.job, taken.job):
        with pytest.raises(ClaimLost):
            files.service.save_artifact(late, "a.txt", b"too late")
    assert files.on_disk() == [kept.id]
    assert list(files.service.artifacts_of(settled.job.id, 1)) == [kept]


def a_discarded_artifact(files: FilesInPlace) -> StoredFile:
    claimed = files.jobs.running(files.jobs.in_state(JobState.QUEUED))
    stored = files.service.save_artifact(claimed.job, "a.txt", b"a")
    SqlJobStore(files.database).settle(a_settlement(claimed, Completed()))
    files.database.write(lambda connection: prune(connection, JobState.COMPLETED, timedelta(days=-1), 1))
    return stored


def test_a_discarded_file_is_seen_by_nobody_and_then_goes(files: FilesInPlace) -> None:
    stored = a_discarded_artifact(files)
    with pytest.raises(NoSuchFile):
        files.service.get_visible(stored.id, an_account(Role.ADMIN))
    assert files.on_disk() == [stored.id]
    assert files.service.remove_discarded(10) == 1
    assert files.on_disk() == []
    assert files.service.remove_discarded(10) == 0


@dataclass
class Dying:
    """The rows, where the process dies after the content went and before its row does."""

    rows: FileStore

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rows, name)

    def forget(self, file_ids: Sequence[str]) -> None:
        raise KeyboardInterrupt


def test_a_removal_that_ended_half_way_is_ended_by_the_next(files: FilesInPlace) -> None:
    stored = a_discarded_artifact(files)
    dying = FileService(Dying(files.rows), LocalFolder(files.folder), max_upload_bytes=MAX_UPLOAD_BYTES)
    with pytest.raises(KeyboardInterrupt):
        dying.remove_discarded(10)
    assert files.on_disk() == []
    assert files.rows.discarded(10) == [stored.id]
    assert files.service.remove_discarded(10) == 1
    assert files.rows.discarded(10) == []


def test_no_file_is_forgotten_while_the_folder_is_away(files: FilesInPlace) -> None:
    stored = a_discarded_artifact(files)
    away = files.folder.rename(files.folder.with_name("away"))
    assert files.service.remove_discarded(10) == 0
    assert files.rows.discarded(10) == [stored.id]
    away.rename(files.folder)
    assert files.service.remove_discarded(10) == 1
    assert files.on_disk() == []


def test_content_that_cant_be_removed_is_in_no_others_way(files: FilesInPlace) -> None:
    stuck, other = a_discarded_artifact(files), a_discarded_artifact(files)
    place = LocalFolder(files.folder).path_of(stuck.id)
    place.unlink()
    place.mkdir()  # a folder isn't removed like a file, whoever runs the tests
    assert files.service.remove_discarded(1) == 0
    assert files.service.remove_discarded(1) == 1
    assert files.rows.discarded(10) == [stuck.id]
    assert not LocalFolder(files.folder).path_of(other.id).exists()
    place.rmdir()
    assert files.service.remove_discarded(1) == 1


def test_an_artifact_on_a_full_disk_leaves_nothing(files: FilesInPlace, no_room_beyond: Limit) -> None:
    job = files.jobs.in_state(JobState.RUNNING)
    with no_room_beyond(500_000), pytest.raises(StorageFull):
        files.service.save_artifact(job, "a.bin", bytes(1_000_000))
    assert files.on_disk() == []
    assert list(files.service.artifacts_of(job.id, 1)) == []
