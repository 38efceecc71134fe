"""Children end when their parent dies, however it dies."""

import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from tests.waiting import wait_until

CHILD = """
import sys, time
from millrace.processes.lifeline import hold_on
hold_on(int(sys.argv[-1]), {patience})
{before}
print("ready", flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
from millrace.processes.lifeline import Lifeline
with Lifeline() as lifeline:
    child = subprocess.Popen(
        [sys.executable, "-c", {child!r}, *lifeline.arguments], pass_fds=lifeline.pass_fds, stdout=subprocess.PIPE
    )
    child.stdout.readline()
    print(child.pid, flush=True)
    time.sleep({seconds})
"""
FOREIGN = """
import subprocess, time
from millrace.processes.lifeline import die_with_parent
print(subprocess.Popen(["sleep", "60"], preexec_fn=die_with_parent).pid, flush=True)
time.sleep(60)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def started(code: str) -> tuple["subprocess.Popen[bytes]", psutil.Process]:
    """A parent that runs `code`, and the child whose number it printed."""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout as stdout:
        return parent, psutil.Process(int(stdout.readline()))


def assert_gone(child: psutil.Process) -> None:
    try:
        wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, message="the child to end")
    finally:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def parent_of(child: str, seconds: float = 60) -> str:
    return PARENT.format(child=child, seconds=seconds)


def test_a_child_ends_when_its_parent_is_killed() -> None:
    parent, child = started(parent_of(CHILD.format(patience=30, before="")))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert_gone(child)


def test_a_child_that_ignores_the_request_is_killed_when_patience_ends() -> None:
    parent, child = started(parent_of(CHILD.format(patience=0.2, before=DEAF)))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert_gone(child)


def test_a_child_ends_when_its_parent_lets_go() -> None:
    parent, child = started(parent_of(CHILD.format(patience=30, before=""), seconds=0))
    parent.wait()
    assert_gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a foreign program that its parent died")
def test_a_foreign_program_ends_when_its_parent_is_killed() -> None:
    parent, child = started(FOREIGN)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert_gone(child)
