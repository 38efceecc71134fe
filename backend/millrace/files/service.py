"""Uploads and artifacts, from both sides: people hand in and download, workers read and save.

Content comes first, its row second: a row never points at nothing. Content without a row (a crash between the two) is
seen by nobody and costs only its room. A discarded file goes the same way back: its content first, its row second.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog
from uuid_utils import uuid7

from millrace.accounts.account import Account, Role
from millrace.errors import DatabaseUnavailable, NotAllowed
from millrace.files.errors import ClaimLost, NoSuchFile
from millrace.files.intake import CHUNK_BYTES, Content, Intake
from millrace.files.local import LocalFolder
from millrace.files.names import check_name, clean_name
from millrace.jobs.job import Job
from millrace.jobs.ports import NewFile, StoredFile, UntilAnswered
from millrace.jobs.visibility import may_submit, visible_to
from millrace.offload import Offload, run_here

Added = tuple[StoredFile, Sequence[str]] | None

log = structlog.get_logger(__name__)


class FileRows(Protocol):
    """The rows of files. An id that is no UUID is an id of nothing."""

    def add(self, file: NewFile) -> tuple[StoredFile, Sequence[str]]:
        """Write the row of `file`; also the ids of those that it replaces: same job, attempt and name."""

    def add_artifact(self, file: NewFile, token: str | None) -> Added:
        """As `add`, where the claim stands that `token` is of; else None. Repeated, it finds itself done."""

    def get_files(self, file_ids: Sequence[str]) -> Sequence[StoredFile]: ...
    def artifacts_of(self, job_id: str, attempt: int) -> Sequence[StoredFile]: ...
    def artifact_named(self, job_id: str, name: str) -> StoredFile | None:
        """The artifact `name` of the job's current attempt."""

    def discarded(self, limit: int) -> Sequence[str]:
        """Ids of discarded files, those that have waited longest for their removal first."""

    def forget(self, file_ids: Sequence[str]) -> None: ...
    def put_off(self, file_ids: Sequence[str]) -> None:
        """Let discarded files wait behind all others that do."""


class FileService:
    """Stores, finds and opens files; the `FileDirectory` of the domain. Safe to share between threads.

    Args:
        offload: Where writing and reading blocks. What a caller's stream does happens in the caller's own thread.
    """

    def __init__(
        self, rows: FileRows, folder: LocalFolder, *, max_upload_bytes: int, offload: Offload = run_here
    ) -> None:
        self._rows = rows
        self._folder = folder
        self._max_upload_bytes = max_upload_bytes
        self._offload = offload

    # For people

    def store_upload(self, owner: Account, name: str, stream: BinaryIO) -> StoredFile:
        """Take in a file that `owner` sends; returns once it is safe.

        Raises:
            NotAllowed: The owner's role only reads.
            BadFileName, FileTooLarge, StorageFull: Nothing of it was kept.
            DatabaseUnavailable: Send it again.
        """
        if not may_submit(owner):
            raise NotAllowed("Your role may look, but not upload files.")
        file_id, kept_name = str(uuid7()), clean_name(name)
        content = self._take_in(file_id, stream, self._max_upload_bytes)
        stored, _ = self._rows.add(_new_file(file_id, owner.id, kept_name, content))
        return stored

    def get_visible(self, file_id: str, account: Account) -> StoredFile:
        """The file, where `account` may see it: uploads as their owner or an operator, artifacts like their job.

        Raises:
            NoSuchFile: It isn't there, or isn't theirs to see.
        """
        stored = self._find(file_id)
        if stored.job_id is not None:
            is_seen = visible_to(account).covers(stored.owner_id)
        else:
            is_seen = account.id == stored.owner_id or account.role in (Role.OPERATOR, Role.ADMIN)
        if not is_seen:
            raise NoSuchFile
        return stored

    def path_of(self, stored: StoredFile) -> Path:
        """Where the content lies on this host's disk.

        Raises:
            NoSuchFile: Somebody removed it from the disk.
        """
        path = self._folder.path_of(stored.id)
        if not self._offload(path.is_file):
            raise NoSuchFile(f"The content of “{stored.name}” is gone from the server's disk.")
        return path

    # For the domain

    def get_files(self, file_ids: Sequence[str]) -> Sequence[StoredFile]:
        """Those of `file_ids` that exist, in no order."""
        return self._rows.get_files(file_ids)

    def artifacts_of(self, job_id: str, attempt: int) -> Sequence[StoredFile]:
        """What one attempt of a job made, in the order in which it was saved."""
        return self._rows.artifacts_of(job_id, attempt)

    # For workers

    def open_for(self, owner_id: str, file_id: str) -> BinaryIO:
        """Open a file of `owner_id` to read. The stream's `name` is the file's name, not a path.

        Raises:
            NoSuchFile: It isn't there, or belongs to somebody else.
        """
        stored = self._find(file_id)
        if stored.owner_id != owner_id:
            raise NoSuchFile
        return self._open(stored)

    def open_artifact(self, owner_id: str, job_id: str, name: str) -> BinaryIO:
        """Open what the current attempt of a job of `owner_id` saved as `name`.

        Raises:
            NoSuchFile: It isn't there, or belongs to somebody else.
        """
        stored = self._rows.artifact_named(job_id, name)
        if stored is None or stored.owner_id != owner_id:
            raise NoSuchFile(f"That job has no artifact named “{name}”.")
        return self._open(stored)

    def save_artifact(
        self, job: Job, name: str, content: bytes | Path, until_answered: UntilAnswered = run_here
    ) -> StoredFile:
        """Keep what the attempt that runs `job` made; the same name again replaces what was there.

        Args:
            job: As it was claimed.
            until_answered: Writes the row, as often as it likes. The content is taken in once.

        Raises:
            BadFileName, StorageFull: Nothing of it was kept.
            ClaimLost: The attempt was settled without its handler, or taken from its worker. Nothing was kept.
            DatabaseUnavailable: Whether it was kept is unknown; save it again.
        """
        file_id, kept_name = str(uuid7()), check_name(name)
        if isinstance(content, Path):
            with content.open("rb") as stream:
                taken = self._take_in(file_id, stream, None)
        else:
            taken = self._take_in(file_id, io.BytesIO(content), None)
        new = _new_file(file_id, job.submitter_id, kept_name, taken)
        added = self._add_artifact(replace(new, job_id=job.id, attempt=job.attempt), job.token, until_answered)
        stored, replaced = added or (None, [file_id])
        for old_id in replaced:
            self._folder.remove(old_id)
        if stored is None:
            raise ClaimLost
        return stored

    # For the scheduler

    def remove_discarded(self, limit: int) -> int:
        """Remove up to `limit` files that were discarded; how many went. What can't be removed is tried again later.

        Raises:
            DatabaseUnavailable: Some content may be gone whose row still stands; the next time ends it.
        """
        discarded = self._rows.discarded(limit)
        removed = [file_id for file_id in discarded if self._remove(file_id)]
        stuck = [file_id for file_id in discarded if file_id not in removed]
        if removed:
            self._rows.forget(removed)
        if stuck:
            self._rows.put_off(stuck)
        return len(removed)

    def remove_abandoned(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` half-written files that nobody has written to since `before`; how many there were."""
        return self._folder.remove_abandoned(before, limit)

    def _remove(self, file_id: str) -> bool:
        try:
            self._folder.remove(file_id)
        except OSError as error:
            log.warning("file_not_removed", file_id=file_id, reason=str(error))
            return False
        return True

    def _take_in(self, file_id: str, stream: BinaryIO, most_bytes: int | None) -> Content:
        intake = self._offload(lambda: Intake(self._folder, file_id, most_bytes))
        try:
            while chunk := stream.read(CHUNK_BYTES):
                self._offload(_taking(intake, chunk))
            return self._offload(intake.keep)
        except BaseException:
            self._offload(intake.discard)
            raise

    def _add_artifact(self, new: NewFile, token: str | None, until_answered: UntilAnswered) -> Added:
        """Write the row. Where none was written for certain, the content goes as well."""
        is_unknown = False

        def add() -> Added:
            nonlocal is_unknown
            try:
                return self._rows.add_artifact(new, token)
            except DatabaseUnavailable:
                is_unknown = True
                raise

        try:
            return until_answered(add)
        except Exception:
            if not is_unknown:
                self._folder.remove(new.id)
            raise

    def _find(self, file_id: str) -> StoredFile:
        found = self.get_files([file_id])
        if not found:
            raise NoSuchFile
        return found[0]

    def _open(self, stored: StoredFile) -> BinaryIO:
        raw = io.FileIO(self.path_of(stored))
        raw.name = stored.name
        return io.BufferedReader(raw)


def _taking(intake: Intake, chunk: bytes) -> Callable[[], None]:
    return lambda: intake.take(chunk)


def _new_file(file_id: str, owner_id: str, name: str, content: Content) -> NewFile:
    return NewFile(file_id, owner_id, name, content.content_type, content.size_bytes, content.sha256)
