"""Alarms ring at their time, unless they were cancelled before."""

import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from millrace.worker.alarms import Alarms
from tests.waiting import wait_until


@pytest.fixture
def alarms() -> Iterator[Alarms]:
    alarms = Alarms()
    yield alarms
    alarms.close()


def alarm_threads() -> int:
    return sum(thread.name == "alarms" for thread in threading.enumerate())


def test_alarms_ring_in_the_order_of_their_times_from_one_thread(alarms: Alarms) -> None:
    rung: list[str] = []
    alarms.set(0.06, lambda: rung.append("third"))
    alarms.set(0.02, lambda: rung.append("first"))
    alarms.set(0.04, lambda: rung.append("second"))
    assert alarm_threads() == 1
    wait_until(lambda: len(rung) == 3)
    assert rung == ["first", "second", "third"]


def test_a_cancelled_alarm_does_not_ring(alarms: Alarms) -> None:
    rung: list[str] = []
    alarms.cancel(alarms.set(0.01, lambda: rung.append("cancelled")))
    alarms.set(0.05, lambda: rung.append("the other"))
    wait_until(lambda: rung)
    assert rung == ["the other"]


def test_an_alarm_that_rang_may_be_cancelled_still(alarms: Alarms) -> None:
    rung = threading.Event()
    alarm = alarms.set(0, rung.set)
    assert rung.wait(5)
    alarms.cancel(alarm)


def test_alarms_ring_on_after_a_rest_and_after_one_that_broke(alarms: Alarms) -> None:
    rung = threading.Event()
    with capture_logs() as logs:
        alarms.set(0, lambda: 1 / 0)
        wait_until(lambda: logs)
        alarms.set(0.01, rung.set)
        assert rung.wait(5)
    assert [line["event"] for line in logs] == ["alarm_broken"]


def test_nothing_rings_after_the_end() -> None:
    alarms = Alarms()
    rung = threading.Event()
    alarms.set(0.05, rung.set)
    alarms.close()
    assert alarm_threads() == 0
    alarms.set(0, rung.set)
    assert not rung.is_set()
