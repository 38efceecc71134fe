"""What a handler in a process of its own may ask of Millrace: the child's `JobContext`. The worker does the rest."""

import io
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from millrace.worker.attempt_log import AttemptLog
from millrace.worker.isolation.line import Line
from millrace.worker.isolation.wire import Frame


class ChildContext:
    """Implements `jobs.handler.JobContext` at the far end of a line."""

    def __init__(self, job_id: str, attempt: int, line: Line) -> None:
        self._job_id = job_id
        self._attempt = attempt
        self._line = line
        self._scratch: Path | None = None
        self.log = AttemptLog(line)

    @property
    def job_id(self) -> str:
        return self._job_id

    @property
    def attempt(self) -> int:
        return self._attempt

    @property
    def scratch_folder(self) -> Path:
        if self._scratch is None:
            self._scratch = Path(self._line.ask("scratch_folder").values["value"])
        return self._scratch

    def progress(self, fraction: float | None, message: str = "") -> None:
        self._line.tell(fraction, message)
        self.checkpoint()

    def checkpoint(self) -> None:
        self._line.stop.check()

    def open_input(self, file_id: str) -> BinaryIO:
        return _opened(self._line.ask("open_input", file_id))

    def open_artifact(self, job_id: str, name: str) -> BinaryIO:
        return _opened(self._line.ask("open_artifact", job_id, name))

    def save_artifact(self, name: str, content: bytes | Path) -> None:
        if isinstance(content, Path):
            self._line.ask("save_artifact", name, str(content))
            return
        descriptor, path = tempfile.mkstemp(dir=self.scratch_folder)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
            self._line.ask("save_artifact", name, path)
        finally:
            os.unlink(path)


def _opened(reply: Frame) -> BinaryIO:
    assert reply.descriptor is not None
    raw = io.FileIO(reply.descriptor)
    raw.name = reply.values["value"]
    return io.BufferedReader(raw)
