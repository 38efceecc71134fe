"""A process of a worker, as its worker sees it: whether it lives, and whether it is stuck. Real processes."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from millrace.worker.child import MOST_UNANSWERED, ChildProcess
from tests.waiting import wait_until

ANSWERS = """
import json, socket, sys
link = socket.socket(fileno=int(sys.argv[2]))
link.sendall(b'{"ready": true}\\n')
for line in link.makefile("rb"):
    asked = json.loads(line)["ask"]
    state = {"held": ["a:1"], "busy": 1, "is_well": True, "is_spent": False}
    link.sendall(json.dumps({"state": state, "ask": asked}).encode() + b"\\n")
"""
SLEEPS = "import time; time.sleep(600)"
COMPUTES = "while True: pass"

Start = Callable[[str], ChildProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def start_program(program: str) -> ChildProcess:
            child = ChildProcess("w.1", [sys.executable, "-c", program], {})
            stack.callback(child.close)
            stack.callback(child.wait)
            stack.callback(child.kill)
            return child

        yield start_program


def test_a_process_that_answers_tells_what_it_holds(start: Start) -> None:
    child = start(ANSWERS)
    assert child.await_ready(10)
    child.ask()
    beat = child.beat(10)
    assert beat is not None
    assert (beat.id, beat.held, beat.busy) == ("w.1", ["a:1"], 1)
    assert beat.memory_bytes > 1_000_000
    assert not child.is_stuck


def test_a_process_that_sleeps_and_answers_nobody_gives_no_sign_of_life(start: Start) -> None:
    child = start(SLEEPS)
    wait_until(lambda: child.beat(0.2) is None, message="it to sleep")
    assert child.beat(0.2) is None


def test_one_that_computes_lives_whatever_it_holds_but_not_for_ever(start: Start) -> None:
    child = start(COMPUTES)
    for _ in range(MOST_UNANSWERED):
        assert not child.is_stuck
        child.ask()
        beat = child.beat(0.3)
        assert beat is not None
        assert beat.held is None
    assert child.is_stuck


def test_a_process_that_has_ended_gives_no_sign_of_life(start: Start) -> None:
    child = start("")
    assert child.wait(10)
    assert child.exit_code == 0
    assert child.beat(0.0) is None
