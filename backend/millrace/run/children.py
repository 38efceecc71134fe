"""The processes that `up` starts: each in a session of its own, so that Ctrl-C reaches `up` alone and `up` decides."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO

from millrace.processes.lifeline import Lifeline
from millrace.processes.restarts import Restarts

LOOK_SECONDS = 0.05

Say = Callable[[str, str], None]
"""Writes a line of a child, by its name, to the terminal."""


class Child:
    """One process of ours: `millrace <name>`, with `environ` as it is when it starts.

    `on_exit` is told from another thread when it ended. `after` is a pipe for whose end the process waits, once it has
    loaded its code: that takes longer than anything else it does at its start.
    """

    def __init__(
        self,
        name: str,
        environ: Mapping[str, str],
        lifeline: Lifeline,
        say: Say,
        on_exit: Callable[["Child"], None],
        *,
        after: int | None = None,
    ) -> None:
        self.name = name
        self.restarts = Restarts()
        self._command = [sys.executable, "-m", "millrace.run", name, *lifeline.arguments]
        self._pass_fds = lifeline.pass_fds
        if after is not None:
            self._command += ["--after", str(after)]
            self._pass_fds += (after,)
        self._environ = environ
        self._say = say
        self._on_exit = on_exit
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    def start(self) -> None:
        """Start the process; what it writes goes to the terminal."""
        process = subprocess.Popen(
            self._command,
            env={**self._environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=self._pass_fds,
            start_new_session=True,
        )
        self._process = process
        self._started_at = time.monotonic()
        assert process.stdout is not None
        threading.Thread(target=self._relay, args=(process.stdout,), daemon=True).start()
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self.is_alive and self._process else None

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; negative for a signal."""
        return self._process.returncode if self._process else None

    @property
    def lived_seconds(self) -> float:
        """Since when the process that was started last lives, or lived."""
        return time.monotonic() - self._started_at

    def wait(self, timeout_seconds: float, is_hurried: Callable[[], bool]) -> bool:
        """Wait until it has ended; whether it has before the time was up or somebody was in a hurry."""
        deadline = time.monotonic() + timeout_seconds
        while self.is_alive and time.monotonic() < deadline and not is_hurried():
            assert self._process is not None
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK_SECONDS)
        return not self.is_alive

    def ask_to_stop(self) -> None:
        """Tell it to end in order."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    def kill(self) -> None:
        """End it, and everything in its session, at once."""
        if self._process is not None and self.is_alive:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _relay(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self._say(self.name, line.decode("utf-8", "replace").rstrip())

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._on_exit(self)
