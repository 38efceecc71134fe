"""Fakes at the worker's ports, and attempts that run."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from millrace.errors import DatabaseUnavailable
from millrace.jobs.job import Job, LogLine, Progress
from millrace.worker.context import AttemptContext
from millrace.worker.held import StopSignal
from millrace.worker.reporter import AttemptReport
from millrace.worker.running import RunningAttempt
from millrace.worker.scratch import ScratchFolders
from tests.clocks import HandClock
from tests.factories import a_queued_job


@dataclass
class FakeTold:
    """The jobs service's ear for what attempts say."""

    is_away: bool = False
    announced: list[Progress] = field(default_factory=list)
    stored: list[Progress] = field(default_factory=list)
    batches: list[Sequence[LogLine]] = field(default_factory=list)

    def report_progress(self, progress: Progress, *, store: bool) -> None:
        if store:
            self._refuse_while_away()
            self.stored.append(progress)
        self.announced.append(progress)

    def write_logs(self, lines: Sequence[LogLine]) -> None:
        self._refuse_while_away()
        self.batches.append(lines)

    @property
    def lines(self) -> list[LogLine]:
        return [line for batch in self.batches for line in batch]

    def _refuse_while_away(self) -> None:
        if self.is_away:
            raise DatabaseUnavailable


class NoFiles:
    """A file service without files."""

    def open_for(self, owner_id: str, file_id: str) -> Any:
        raise NotImplementedError

    def open_artifact(self, owner_id: str, job_id: str, name: str) -> Any:
        raise NotImplementedError

    def save_artifact(self, job: Job, name: str, content: object) -> Any:
        raise NotImplementedError


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def told() -> FakeTold:
    return FakeTold()


@pytest.fixture
def report(told: FakeTold, clock: HandClock) -> AttemptReport:
    return AttemptReport(a_queued_job(), told, clock, threading.Event())


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[ScratchFolders]:
    scratch = ScratchFolders(tmp_path / "scratch", "a-worker")
    scratch.open()
    yield scratch
    scratch.close()


StartAttempt = Callable[..., RunningAttempt]


@pytest.fixture
def start(report: AttemptReport, clock: HandClock, scratch: ScratchFolders) -> StartAttempt:
    """Makes an attempt that runs, of a job with what the test spells out."""

    def make(**job: Any) -> RunningAttempt:
        row = replace(a_queued_job(), **job)
        stop = StopSignal(clock)
        with scratch.folder() as folder:
            context = AttemptContext(row, stop, report, NoFiles(), folder)
        return RunningAttempt(row, {}, stop, report, context)

    return make
