"""SIGTERM and SIGINT: asked once to stop, twice to hurry."""

import os
import signal
from collections.abc import Iterator

import pytest

from millrace.run.stop_signals import StopSignals


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield StopSignals()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nobody_asked(signals: StopSignals) -> None:
    assert not signals.wait(0.01)
    assert not signals.is_hurried()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_asks_to_stop_and_is_remembered(signals: StopSignals, number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    assert signals.wait()
    assert signals.wait(0)
    assert not signals.is_hurried()


def test_a_second_signal_asks_to_hurry(signals: StopSignals) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    assert signals.wait()
    os.kill(os.getpid(), signal.SIGINT)
    assert signals.is_hurried()
