"""The loop: every sweep repeats by itself, whatever becomes of the others."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from millrace.clock import SystemClock
from millrace.errors import BrokerUnavailable, DatabaseUnavailable, Unavailable
from millrace.scheduler.lease import NAME, Lease
from millrace.scheduler.loop import LONGEST_REST_SECONDS, SchedulerLoop, Sweep, rest_after_failure
from millrace.store.database import Database
from millrace.store.lease_store import SqlLeaseStore
from millrace.store.migrate import upgrade
from tests.waiting import wait_until


class Counting:
    """Counts how often it ran."""

    def __init__(self, name: str = "counting", work: Callable[[], object] = lambda: None) -> None:
        self.name = name
        self.runs = 0
        self._work = work

    def run_once(self) -> float:
        self.runs += 1
        self._work()
        return 0.001


def fail(error: Exception) -> Callable[[], NoReturn]:
    def work() -> NoReturn:
        raise error

    return work


@pytest.fixture
def store(sqlite_url: str) -> Iterator[SqlLeaseStore]:
    database = Database(sqlite_url)
    upgrade(database)
    yield SqlLeaseStore(database)
    database.close()


@pytest.fixture
def start(store: SqlLeaseStore) -> Iterator[Callable[..., None]]:
    with ExitStack() as stack:

        def start_loop(*sweeps: Sweep) -> None:
            ended = threading.Event()
            loop = SchedulerLoop(sweeps, Lease(store, "this one", SystemClock()))
            thread = threading.Thread(target=loop.run, args=(ended.wait,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(ended.set)

        yield start_loop


def test_a_sweep_that_fails_or_hangs_stops_no_other_and_is_tried_again(start: Callable[..., None]) -> None:
    released = threading.Event()
    broken, hanging, sound = Counting("broken", fail(ValueError("bug"))), Counting(work=released.wait), Counting()
    start(broken, hanging, sound)
    wait_until(lambda: sound.runs > 20 and broken.runs > 1)
    assert hanging.runs == 1
    released.set()


@pytest.mark.parametrize("error", [DatabaseUnavailable(), BrokerUnavailable()], ids=lambda error: error.code)
def test_a_part_that_is_away_is_named_once_and_without_a_traceback(
    start: Callable[..., None], error: Unavailable
) -> None:
    sweep = Counting("reads", fail(error))
    with capture_logs() as logs:
        start(sweep)
        wait_until(lambda: sweep.runs > 2)
    told = [line for line in logs if line.get("sweep") == "reads"]
    assert [(line["event"], line["log_level"], line["code"]) for line in told] == [("part_away", "warning", error.code)]
    assert "exc_info" not in told[0]


def test_a_part_that_goes_away_later_is_told_too(start: Callable[..., None]) -> None:
    errors = iter([DatabaseUnavailable(), DatabaseUnavailable(), BrokerUnavailable()])

    def work() -> None:
        error = next(errors, None)
        if error is not None:
            raise error

    sweep = Counting("reads", work)
    with capture_logs() as logs:
        start(sweep)
        wait_until(lambda: sweep.runs > 3)
    told = [line["code"] for line in logs if line["event"] == "part_away"]
    assert told == ["database_unavailable", "broker_unavailable"]


def test_rests_after_failures_grow_up_to_a_limit() -> None:
    rests = [rest_after_failure(failures) for failures in range(1, 100)]
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST_SECONDS


def test_while_another_scheduler_has_the_lease_no_sweep_runs(start: Callable[..., None], store: SqlLeaseStore) -> None:
    assert store.take(NAME, "another", timedelta(seconds=60))
    sweep = Counting()
    with capture_logs() as logs:
        start(sweep)
        wait_until(lambda: any(line["event"] == "scheduler_standing_by" for line in logs))
    assert sweep.runs == 0
    store.release(NAME, "another")
    wait_until(lambda: sweep.runs > 0)
