"""SIGTERM and SIGINT: asked once to stop, twice to hurry."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event

import pytest

from millrace.run.stop_signals import StopSignals


def begin_and_sleep(has_begun: Event) -> None:
    has_begun.set()
    time.sleep(30)


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


def test_sigint_is_told_from_sigterm_however_often_that_comes(signals: StopSignals) -> None:
    for number, is_interrupted in ((signal.SIGTERM, False), (signal.SIGTERM, False), (signal.SIGINT, True)):
        os.kill(os.getpid(), number)
        assert signals.wait()
        assert signals.is_interrupted() == is_interrupted


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_a_handlers_thread_forks_ends_when_it_is_told_to(
    signals: StopSignals, number: signal.Signals
) -> None:
    forking = multiprocessing.get_context("fork")
    has_begun = forking.Event()
    forked = forking.Process(target=begin_and_sleep, args=(has_begun,))
    thread = threading.Thread(target=forked.start)
    thread.start()
    thread.join()
    assert has_begun.wait(10)
    assert forked.pid is not None
    os.kill(forked.pid, number)
    forked.join(10)
    is_alive = forked.is_alive()
    forked.kill()
    assert not is_alive
    assert not signals.wait(0)
