"""The example that sleeps, and nothing else."""

import threading
import time
from pathlib import Path

import pytest

from millrace.handlers.sleep import Sleep
from millrace.jobs.handler import JobCancelled, PermanentFailure
from millrace.jobs.validation import load_payload
from tests.handlers.context import NotedContext
from tests.waiting import wait_until


class CancelledFromOutside(NotedContext):
    """A cancel that somebody sends while the handler runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cancelled = threading.Event()

    def checkpoint(self) -> None:
        super().checkpoint()
        if self.cancelled.is_set():
            raise JobCancelled


def test_it_sleeps_as_long_as_it_says(tmp_path: Path) -> None:
    start = time.monotonic()
    result = Sleep().run(load_payload(Sleep(), {"seconds": 0.3}), NotedContext(tmp_path))
    assert 0.3 <= time.monotonic() - start < 1
    assert result is not None
    assert result["slept_seconds"] >= 0.3


def test_sleeping_for_no_time_completes(tmp_path: Path) -> None:
    context = NotedContext(tmp_path)
    Sleep().run(load_payload(Sleep(), {"seconds": 0}), context)
    assert context.steps == [(1, "Slept 0 s")]


def test_a_cancel_is_noticed_within_a_fifth_of_a_second(tmp_path: Path) -> None:
    context, ended = CancelledFromOutside(tmp_path), threading.Event()

    def run() -> None:
        with pytest.raises(JobCancelled):
            Sleep().run(load_payload(Sleep(), {"seconds": 60}), context)
        ended.set()

    threading.Thread(target=run).start()
    wait_until(lambda: context.steps)
    start = time.monotonic()
    context.cancelled.set()
    assert ended.wait(5)
    assert time.monotonic() - start < 0.2


def test_it_fails_where_it_was_asked_to(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure) as failure:
        Sleep().run(load_payload(Sleep(), {"seconds": 0, "fail": True}), NotedContext(tmp_path))
    assert failure.value.code == "asked_to_fail"


def test_its_summary_says_how_long() -> None:
    assert Sleep().summarize(load_payload(Sleep(), {"seconds": 2.5}), {}) == "2.5 s"
    assert Sleep().summarize(load_payload(Sleep(), {"fail": True}), {}) == "5 s, then fail"
