"""A `JobContext` with real files in a folder, that notes what a handler tells."""

import io
from pathlib import Path
from typing import BinaryIO

from millrace.jobs.handler import JobCancelled, PermanentFailure
from tests.factories import an_id


class NotedLog:
    """Keeps lines as `(level, message)`."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def debug(self, message: str) -> None:
        self.lines.append(("debug", message))

    def info(self, message: str) -> None:
        self.lines.append(("info", message))

    def warning(self, message: str) -> None:
        self.lines.append(("warning", message))

    def error(self, message: str) -> None:
        self.lines.append(("error", message))

    def of_level(self, level: str) -> list[str]:
        return [message for found, message in self.lines if found == level]


class NotedContext:
    """One attempt. Everything is under `folder`; a cancel comes at the checkpoint numbered `cancel_at`, from 1."""

    def __init__(self, folder: Path, *, cancel_at: int | None = None) -> None:
        self.job_id = an_id()
        self.attempt = 1
        self.log = NotedLog()
        self.steps: list[tuple[float | None, str]] = []
        self.checkpoints = 0
        self.cancel_at = cancel_at
        self.scratch_folder = folder / "scratch"
        self.scratch_folder.mkdir(parents=True)
        self._inputs, self._artifacts = folder / "inputs", folder / "artifacts"
        self._names: dict[str, str] = {}

    def put_file(self, name: str, content: bytes) -> str:
        """Make `content` an uploaded file; its id."""
        file_id = an_id()
        self._inputs.mkdir(exist_ok=True)
        (self._inputs / file_id).write_bytes(content)
        self._names[file_id] = name
        return file_id

    @property
    def artifacts(self) -> dict[str, Path]:
        """Where what was saved lies, by name."""
        return {path.name: path for path in self._artifacts.glob("*")}

    def progress(self, fraction: float | None, message: str = "") -> None:
        self.steps.append((fraction, message))
        self.checkpoint()

    def checkpoint(self) -> None:
        self.checkpoints += 1
        if self.checkpoints == self.cancel_at:
            raise JobCancelled

    def open_input(self, file_id: str) -> BinaryIO:
        if file_id not in self._names:
            raise PermanentFailure("There is no such file.", code="file_not_found")
        raw = io.FileIO(self._inputs / file_id)
        raw.name = self._names[file_id]
        return io.BufferedReader(raw)

    def open_artifact(self, job_id: str, name: str) -> BinaryIO:
        raise PermanentFailure(f"That job has no artifact named “{name}”.", code="file_not_found")

    def save_artifact(self, name: str, content: bytes | Path) -> None:
        self._artifacts.mkdir(exist_ok=True)
        data = content.read_bytes() if isinstance(content, Path) else content
        (self._artifacts / name).write_bytes(data)
