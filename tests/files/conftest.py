"""A file service on a real folder and a real database."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from millrace.accounts.account import Account, Role
from millrace.files.local import LocalFolder
from millrace.files.service import FileService
from millrace.store.database import Database
from millrace.store.file_store import FileStore
from millrace.store.job_store import SqlJobStore
from millrace.store.migrate import upgrade
from tests.factories import JobsInStates, an_id

MAX_UPLOAD_BYTES = 3_000_000

Limit = Callable[[int], AbstractContextManager[None]]


def an_account(role: Role = Role.MEMBER) -> Account:
    return Account(an_id(), "ada@example.org", "Ada", role, datetime.now(UTC))


@dataclass(frozen=True)
class FilesInPlace:
    """The service, with what tests look at behind its back."""

    service: FileService
    rows: FileStore
    folder: Path
    jobs: JobsInStates
    database: Database

    def on_disk(self) -> list[str]:
        """Names of all files under the folder, finished or on their way."""
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def files(tmp_path: Path, sqlite_url: str) -> Iterator[FilesInPlace]:
    database = Database(sqlite_url)
    upgrade(database)
    rows, folder = FileStore(database), tmp_path / "files"
    service = FileService(rows, LocalFolder(folder), max_upload_bytes=MAX_UPLOAD_BYTES)
    yield FilesInPlace(service, rows, folder, JobsInStates(SqlJobStore(database)), database)
    database.close()


@pytest.fixture
def no_room_beyond() -> Limit:
    """Inside, the kernel refuses to let a file grow past so many bytes, as a full disk would."""

    @contextmanager
    def limit(size_bytes: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit
