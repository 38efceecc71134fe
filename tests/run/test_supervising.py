"""When a part is started again, when it is given up, and in which order all of them stop."""

import subprocess
import sys
import threading

import pytest

from millrace.processes.restarts import Restarts, describe_exit
from millrace.run.listening import PortTaken, open_listener
from millrace.run.supervisor import GivenUp, Supervisor, stop_in_order


class Process:
    """A part that is a small program of its own."""

    def __init__(self, name: str, program: str, supervisor: Supervisor | None = None) -> None:
        self.name = name
        self.restarts = Restarts()
        self.lived_seconds = 0.0
        self.starts = 0
        self.stops: list[str] = []
        self._program = program
        self._supervisor = supervisor
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.starts += 1
        self._process = process = subprocess.Popen([sys.executable, "-c", self._program])
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        if self._supervisor is not None:
            self._supervisor.note_exit(self)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode if self._process else None

    def ask_to_stop(self) -> None:
        self.stops.append(self.name)
        assert self._process is not None
        self._process.terminate()

    def wait(self, timeout_seconds: float, is_hurried: object) -> bool:
        assert self._process is not None
        try:
            self._process.wait(max(0, timeout_seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()


def test_the_pause_doubles_up_to_thirty_seconds_and_begins_anew_after_a_steady_minute() -> None:
    restarts = Restarts()
    assert [restarts.pause_after(0, now) for now in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert restarts.pause_after(61, 100) == 1


def test_five_deaths_within_a_minute_are_hopeless() -> None:
    restarts = Restarts()
    for now in (0, 10, 20, 30):
        restarts.pause_after(0, now)
        assert not restarts.are_hopeless(now)
    restarts.pause_after(0, 59)
    assert restarts.are_hopeless(59)
    restarts.pause_after(0, 80)
    assert not restarts.are_hopeless(80)


def test_what_dies_is_started_again() -> None:
    told: list[str] = []
    ready = threading.Event()

    def stop_when_started_twice() -> bool:
        if part.starts == 2:
            raise KeyboardInterrupt
        return False

    supervisor = Supervisor(told.append, stop_when_started_twice, ready.set)
    part = Process("worker", "raise SystemExit(3)", supervisor)
    part.start()
    with pytest.raises(KeyboardInterrupt):
        supervisor.watch()
    assert told == ["worker ended with exit code 3; it starts again in 1 s"]
    assert not ready.is_set()


def test_a_wrong_setting_is_not_tried_again() -> None:
    supervisor = Supervisor(lambda _: None, lambda: False, lambda: None)
    part = Process("web", "raise SystemExit(2)", supervisor)
    part.start()
    with pytest.raises(GivenUp, match="web ended with exit code 2"):
        supervisor.watch()
    assert part.starts == 1


def test_groups_stop_one_after_the_other_and_who_does_not_listen_is_killed() -> None:
    deaf = Process("deaf", "import signal, time; signal.signal(15, lambda *_: print('no')); time.sleep(60)")
    last = Process("last", "import time; time.sleep(60)")
    deaf.start()
    last.start()
    stop_in_order([([deaf], 0.3), ([last], 5)], lambda: False)
    assert deaf.exit_code in (-9, -15)
    assert last.exit_code == -15
    assert deaf.stops + last.stops == ["deaf", "last"]


def test_an_exit_is_told_in_words() -> None:
    assert describe_exit(-9) == "was ended by SIGKILL"
    assert describe_exit(1) == "ended with exit code 1"


def test_a_port_is_never_shared() -> None:
    with open_listener("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} on 127.0.0.1 is taken by another program"):
            open_listener("127.0.0.1", port)
        with pytest.raises(PortTaken):
            open_listener("0.0.0.0", port)
    open_listener("127.0.0.1", port).close()


def test_web_loads_nothing_before_the_standard_library_is_patched() -> None:
    program = "import sys, millrace.run.__main__; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"socket", "threading", "ssl", "select", "logging", "queue", "flask"} & set(loaded)


def test_a_wrong_setting_is_told_in_one_sentence() -> None:
    for process in ("up", "web", "worker", "scheduler"):
        done = subprocess.run(
            [sys.executable, "-m", "millrace.run", process],
            capture_output=True,
            text=True,
            check=False,
            env={"MILLRACE_PORT": "many"},
        )
        assert done.returncode == 2
        assert done.stderr == "millrace: MILLRACE_PORT must be a whole number from 0 to 65535, not 'many'\n"
