"""What a handler may ask of Millrace while it runs: the worker's `JobContext`."""

from pathlib import Path
from typing import BinaryIO, Protocol

from millrace.errors import Conflict, NotFound
from millrace.jobs.handler import PermanentFailure
from millrace.jobs.job import Job
from millrace.jobs.ports import StoredFile
from millrace.worker.attempt_log import AttemptLog
from millrace.worker.held import AttemptStopped, StopSignal
from millrace.worker.reporter import AttemptReport
from millrace.worker.scratch import ScratchFolder


class Files(Protocol):
    """What attempts need of the file service."""

    def open_for(self, owner_id: str, file_id: str) -> BinaryIO: ...
    def open_artifact(self, owner_id: str, job_id: str, name: str) -> BinaryIO: ...
    def save_artifact(self, job: Job, name: str, content: bytes | Path) -> StoredFile: ...


class AttemptContext:
    """Implements `jobs.handler.JobContext` for an attempt that runs in a thread of this process."""

    def __init__(self, job: Job, stop: StopSignal, report: AttemptReport, files: Files, scratch: ScratchFolder) -> None:
        self._job = job
        self._stop = stop
        self._report = report
        self._files = files
        self._scratch = scratch
        self.log = AttemptLog(report)

    @property
    def job_id(self) -> str:
        return self._job.id

    @property
    def attempt(self) -> int:
        return self._job.attempt

    @property
    def scratch_folder(self) -> Path:
        return self._scratch.path

    def progress(self, fraction: float | None, message: str = "") -> None:
        self._report.tell(fraction, message)
        self.checkpoint()

    def checkpoint(self) -> None:
        self._stop.check()

    def open_input(self, file_id: str) -> BinaryIO:
        try:
            return self._files.open_for(self._job.submitter_id, file_id)
        except NotFound as error:
            raise PermanentFailure(error.message, code=error.code) from error

    def open_artifact(self, job_id: str, name: str) -> BinaryIO:
        try:
            return self._files.open_artifact(self._job.submitter_id, job_id, name)
        except NotFound as error:
            raise PermanentFailure(error.message, code=error.code) from error

    def save_artifact(self, name: str, content: bytes | Path) -> None:
        if isinstance(content, Path):
            content = self._scratch.path / content
        try:
            self._files.save_artifact(self._job, name, content)
        except Conflict as error:
            raise AttemptStopped(error.message) from error
