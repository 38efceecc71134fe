"""The folder that holds everything `up` keeps: one `up` at a time, closed to others, with a secret of its own."""

import fcntl
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from millrace.errors import ConfigurationError

SECRET_BYTES = 48


class DataFolderInUse(ConfigurationError):
    """Another Millrace works on this data folder."""

    code = "data_folder_in_use"


class DataFolder:
    """A folder, held by this process as long as the block lasts. A killed process holds it no longer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None
        self.was_left_behind = False
        """Whether the process that held it last was killed, so that children of it may still be ending."""

    def __enter__(self) -> Self:
        """Make the folder where there is none, and lock it.

        Raises:
            DataFolderInUse: Another process holds it.
            ConfigurationError: It can't be made or written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigurationError(f"The data folder {self.path} can't be used: {error.strerror}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._read_holder()
            self._release()
            raise DataFolderInUse(
                f"Another Millrace{holder and f' (process {holder})'} uses {self.path}: "
                "stop it, or set MILLRACE_DATA to another folder."
            ) from None
        self.was_left_behind = bool(self._read_holder())
        self._write_holder(str(os.getpid()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write_holder("")
        self._release()

    def secret(self) -> str:
        """The key of this installation, made at its first start."""
        path = self.path / "secret"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        secret = secrets.token_urlsafe(SECRET_BYTES)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secret}\n")
        return secret

    def _read_holder(self) -> str:
        assert self._lock is not None
        return os.pread(self._lock, 32, 0).decode("ascii", "replace").strip()

    def _write_holder(self, holder: str) -> None:
        assert self._lock is not None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, holder.encode("ascii"), 0)

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
