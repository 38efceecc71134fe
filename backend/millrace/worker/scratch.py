"""Folders for attempts to work in. What a killed worker left behind is removed by the next one that starts."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

LOCK_SUFFIX = ".lock"


class ScratchFolders:
    """One folder of this worker, with one for each attempt. A file lock beside it tells that the worker lives."""

    def __init__(self, root: Path, worker_id: str) -> None:
        self._root = root
        self._own = root / worker_id
        self._lock: IO[bytes] | None = None

    def open(self) -> None:
        """Make this worker's folder, and remove those of workers on this host that died."""
        self._root.mkdir(parents=True, exist_ok=True)
        self._lock = self._lock_of(self._own).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._own.mkdir(exist_ok=True)
        for lock_file in self._root.glob(f"*{LOCK_SUFFIX}"):
            if lock_file != self._lock_of(self._own):
                self._remove_if_dead(lock_file)

    def close(self) -> None:
        """Remove this worker's folder."""
        shutil.rmtree(self._own, ignore_errors=True)
        if self._lock is not None:
            self._lock_of(self._own).unlink(missing_ok=True)
            self._lock.close()

    @contextmanager
    def folder(self) -> Iterator["ScratchFolder"]:
        """A place for one attempt; gone when the block ends."""
        folder = ScratchFolder(self._own)
        try:
            yield folder
        finally:
            folder.remove()

    def _lock_of(self, folder: Path) -> Path:
        return folder.with_name(folder.name + LOCK_SUFFIX)

    def _remove_if_dead(self, lock_file: Path) -> None:
        with suppress(OSError), lock_file.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock_file.with_name(lock_file.name.removesuffix(LOCK_SUFFIX)), ignore_errors=True)
            lock_file.unlink()


class ScratchFolder:
    """A folder that is made when it is first asked for: most attempts never do."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._made: Path | None = None

    @property
    def path(self) -> Path:
        if self._made is None:
            self._made = Path(tempfile.mkdtemp(dir=self._parent))
        return self._made

    def remove(self) -> None:
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
