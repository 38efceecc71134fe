"""One run of `millrace up`, as a test holds it: what it wrote, and every process that it started."""

import re
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

import psutil

from tests.waiting import wait_until

START_SECONDS = 60
STOP_SECONDS = 20


@dataclass
class Up:
    """One run of `millrace up`, and what it wrote."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    everything: set[psutil.Process] = field(default_factory=set)
    reader: Thread | None = None

    def read(self) -> None:
        """Take in what it writes until it has ended."""
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip())

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def url(self) -> str:
        found = re.search(r"Ready after .* s: (http://\S+)", self.text)
        return found[1] if found else ""

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.url or self.process.poll() is not None, START_SECONDS, "up is ready")
        assert self.url, self.text
        self.look()

    def look(self) -> None:
        """Note every process that it started."""
        with suppress(psutil.NoSuchProcess):
            self.everything |= set(psutil.Process(self.process.pid).children(recursive=True))

    def child(self, name: str) -> psutil.Process:
        """The process that runs `millrace <name>`, or Redis."""
        self.look()
        for process in self.everything:
            with suppress(psutil.NoSuchProcess):
                words = process.cmdline()
                if name in words or any(name in word for word in words[:1]):
                    return process
        raise AssertionError(f"no {name} runs")

    def wait_until_gone(self) -> int:
        """Wait until it and everything it started has ended; its exit code."""
        exit_code = self.process.wait(STOP_SECONDS)
        wait_until(lambda: not [p for p in self.everything if is_alive(p)], STOP_SECONDS, "nothing is left running")
        return exit_code


def is_alive(process: psutil.Process) -> bool:
    """Whether `process` still runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


StartUp = Callable[..., Up]
