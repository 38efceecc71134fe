"""Content in a local folder, by file id.

What is on its way lies under `incoming` and gets its place by a rename after it reached the disk, so nobody sees half a
file. What a crash leaves under `incoming` belongs to nobody and is removed once it is old.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from millrace.files.errors import StorageFull

# EFBIG: a limit on the size of files, such as a file system's or `ulimit -f`.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# UUIDv7 begins with the time, so its end is what spreads files evenly; 4,096 folders.
_SHARD_DIGITS = 3


class LocalFolder:
    """Keeps content under `folder`. All calls block; safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"

    def path_of(self, file_id: str) -> Path:
        """Where the content of `file_id` lies, whether it is there or not.

        Raises:
            ValueError: `file_id` is no UUID.
        """
        name = str(UUID(file_id))
        return self._folder / name[-_SHARD_DIGITS:] / name

    def begin(self, file_id: str) -> "IncomingFile":
        """Open a place for content that becomes `file_id` once it is whole.

        Raises:
            StorageFull: No room.
        """
        with _full_disk_named():
            self._incoming.mkdir(parents=True, exist_ok=True)
            return IncomingFile(self._incoming / str(UUID(file_id)), self.path_of(file_id))

    def remove(self, file_id: str) -> None:
        """Remove the content of `file_id`; nothing happens where there is none.

        Raises:
            OSError: It can't be removed, or the folder isn't there (a volume that isn't mounted), so who knows.
        """
        self._folder.stat()
        self.path_of(file_id).unlink(missing_ok=True)

    def remove_abandoned(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` half-written files that nobody has written to since `before`; how many there were."""
        abandoned = list(islice(self._written_before(before.timestamp()), limit))
        for path in abandoned:
            path.unlink(missing_ok=True)
        return len(abandoned)

    def _written_before(self, timestamp: float) -> Iterator[Path]:
        with contextlib.suppress(FileNotFoundError), os.scandir(self._incoming) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # it got its place in the meantime
                    if entry.stat().st_mtime < timestamp:
                        yield Path(entry.path)


class IncomingFile:
    """A file that is being written. Ends with `keep` or `discard`; any failure discards it."""

    def __init__(self, path: Path, place: Path) -> None:
        self._path = path
        self._place = place
        self._file = path.open("xb", buffering=0)

    def write(self, chunk: bytes) -> None:
        """Append `chunk`.

        Raises:
            StorageFull: No room; nothing is left behind.
        """
        with self._discarded_on_failure():
            rest = memoryview(chunk)
            while rest:
                rest = rest[self._file.write(rest) :]

    def keep(self) -> None:
        """Put the whole file in its place; after this it survives a power cut.

        Raises:
            StorageFull: No room; nothing is left behind.
        """
        with self._discarded_on_failure():
            os.fsync(self._file.fileno())
            self._file.close()
            shard = self._place.parent
            if not shard.is_dir():
                shard.mkdir(exist_ok=True)
                _sync_folder(shard.parent)
            self._path.rename(self._place)
            _sync_folder(shard)

    def discard(self) -> None:
        """Forget what was written."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _discarded_on_failure(self) -> Iterator[None]:
        try:
            with _full_disk_named():
                yield
        except BaseException:
            self.discard()
            raise


@contextlib.contextmanager
def _full_disk_named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull from error
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
