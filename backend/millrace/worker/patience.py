"""Repeats what the database didn't answer, until it does or the process must end."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

import structlog

from millrace.errors import DatabaseUnavailable
from millrace.jobs.job import Job
from millrace.jobs.ports import StoredFile, UntilAnswered
from millrace.worker.context import Files

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

T = TypeVar("T")
log = structlog.get_logger(__name__)


class ProcessEnds(Exception):
    """The process must end before the database answered; what was tried is left to the scheduler."""


class Patience:
    """For work that may be repeated: a claim or a settlement, which find themselves done. Shared between threads."""

    def __init__(self) -> None:
        self._ending = threading.Event()

    def end(self) -> None:
        """Let everybody who waits for the database give up."""
        self._ending.set()

    def until_answered(self, work: Callable[[], T]) -> T:
        """Do `work`, again and again with growing pauses while the database doesn't answer.

        Raises:
            ProcessEnds: `end` was called meanwhile.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return work()
            except DatabaseUnavailable as error:
                if pause == FIRST_PAUSE_SECONDS:
                    log.warning("database_away", reason=str(error))
                if self._ending.wait(pause):
                    raise ProcessEnds from error
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


class RepeatableFiles(Files, Protocol):
    """Files that are saved with patience: their content is taken in once, however often their row is tried."""

    def save_artifact(
        self, job: Job, name: str, content: bytes | Path, until_answered: UntilAnswered = ...
    ) -> StoredFile: ...


class PatientFiles:
    """Files as handlers ask for them: a database that is away for a while fails no attempt."""

    def __init__(self, files: RepeatableFiles, patience: Patience) -> None:
        self._files = files
        self._patience = patience

    def open_for(self, owner_id: str, file_id: str) -> BinaryIO:
        return self._patience.until_answered(lambda: self._files.open_for(owner_id, file_id))

    def open_artifact(self, owner_id: str, job_id: str, name: str) -> BinaryIO:
        return self._patience.until_answered(lambda: self._files.open_artifact(owner_id, job_id, name))

    def save_artifact(self, job: Job, name: str, content: bytes | Path) -> StoredFile:
        return self._files.save_artifact(job, name, content, self._patience.until_answered)
