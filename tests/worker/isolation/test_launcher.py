"""The launcher: children that end by themselves, that are killed, and whose forkserver is gone."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import psutil
import pytest

from millrace.settings import Settings
from millrace.worker.isolation.child import LOST_ITS_PARENT
from millrace.worker.isolation.launcher import MODULE, IsolatedChild, Launcher, NoProcess
from millrace.worker.isolation.wire import Frame
from tests.waiting import wait_until

SLEEP = {"job_id": "a", "attempt": 1, "type": "sleep", "payload": {"seconds": 0}}


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher(replace(Settings(), handler_modules=("tests.flow.isolated_handlers",)))
    yield launcher
    launcher.close()


def begun(launcher: Launcher) -> IsolatedChild:
    child = launcher.launch()
    wait_until(lambda: child.process_id)
    return child


def forkserver_of(child: IsolatedChild) -> int:
    assert child.process_id is not None
    return psutil.Process(child.process_id).ppid()


def held_by(child: IsolatedChild) -> list[int]:
    """The descriptors that a child has open."""
    return [int(name) for name in os.listdir(f"/proc/{child.process_id}/fd")]


def holds_its_line_alone(child: IsolatedChild) -> bool:
    return sorted(held_by(child))[:3] == [0, 1, 2] and len(held_by(child)) == 4


def last_frame(child: IsolatedChild) -> Frame:
    while (frame := child.channel.receive(5)) is None or frame.kind not in ("returned", "raised"):
        assert frame is not None
    return frame


def test_a_child_runs_what_it_is_told_says_how_it_went_and_ends(launcher: Launcher) -> None:
    child = launcher.launch()
    child.channel.send("run", SLEEP)
    assert last_frame(child).kind == "returned"
    assert child.end(5).code == 0


def test_a_type_that_it_does_not_know_is_an_error_like_any_other(launcher: Launcher) -> None:
    child = launcher.launch()
    child.channel.send("run", SLEEP | {"type": "nobody_wrote_it"})
    assert last_frame(child).values["error"]["code"] == "unknown_job_type"
    assert child.end(5).code == 0


def test_a_child_that_waits_is_killed_and_its_end_may_be_asked_for_again(launcher: Launcher) -> None:
    child = begun(launcher)
    ended = child.end()
    assert (ended.code, child.end()) == (-signal.SIGKILL, ended)
    assert ended.peak_bytes > 5 * 1024 * 1024


def test_a_child_whose_worker_is_gone_before_it_said_what_to_run_ends_without_a_word(
    launcher: Launcher, capfd: pytest.CaptureFixture[str]
) -> None:
    child = begun(launcher)
    child.channel.hang_up()
    assert child.end(5).code == LOST_ITS_PARENT
    assert capfd.readouterr().err == ""


def test_a_child_may_be_ended_before_it_began(launcher: Launcher) -> None:
    assert launcher.launch().end().code == -signal.SIGKILL


def test_children_of_many_threads_come_from_one_forkserver_and_hold_nothing_of_each_other(launcher: Launcher) -> None:
    children: list[IsolatedChild] = []
    threads = [threading.Thread(target=lambda: children.append(begun(launcher))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({forkserver_of(child) for child in children}) == 1
    for child in children:
        wait_until(partial(holds_its_line_alone, child))
    assert [child.end().code for child in children] == [-signal.SIGKILL] * 8


def test_all_that_was_in_a_forkserver_that_died_is_told_so_and_another_takes_its_place(launcher: Launcher) -> None:
    children = [begun(launcher) for _ in range(3)]
    dead = forkserver_of(children[0])
    os.kill(dead, signal.SIGKILL)
    for child in children:
        ended = child.end(5)
        assert (ended.code, ended.is_blameless) == (None, True)
        assert ended.how == "ended with its forkserver, which was ended by SIGKILL"
    child = begun(launcher)
    assert forkserver_of(child) != dead
    child.end()


def forkservers() -> list[psutil.Process]:
    """Those that this process has started: other tests leave servers of other kinds."""
    return [child for child in psutil.Process().children() if MODULE in child.cmdline()]


def test_a_forkserver_ignores_sigterm_from_its_first_moment_and_what_runs_in_it_goes_on(launcher: Launcher) -> None:
    child = launcher.launch()
    (forkserver,) = wait_until(forkservers)

    def has_launched() -> bool:
        forkserver.terminate()
        return child.process_id is not None

    wait_until(has_launched)
    child.channel.send("run", SLEEP)
    assert last_frame(child).kind == "returned"
    assert child.end(5).code == 0


def test_a_child_does_with_sigterm_what_is_usual(launcher: Launcher) -> None:
    child = begun(launcher)
    wait_until(partial(holds_its_line_alone, child))
    assert child.process_id is not None
    os.kill(child.process_id, signal.SIGTERM)
    assert child.end(5).code == -signal.SIGTERM


def test_closing_ends_the_forkserver_and_what_runs_in_it(launcher: Launcher) -> None:
    child = begun(launcher)
    processes = [child.process_id, forkserver_of(child)]
    launcher.close()
    assert not any(psutil.pid_exists(process) for process in processes if process)
    assert child.end(5).code is None
    with pytest.raises(NoProcess):
        launcher.launch()


def test_no_descriptor_stays_behind_in_the_worker(launcher: Launcher) -> None:
    begun(launcher).end()
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(20):
        child = launcher.launch()
        child.channel.send("run", SLEEP)
        child.end(5)
    assert sorted(os.listdir("/proc/self/fd")) == before
