"""A Redis that a test kills, stops, empties and starts again. It is found at the same place every time."""

import ctypes
import shutil
import signal
import sys
from pathlib import Path

from millrace.run.embedded_redis import EmbeddedRedis, RunningRedis


class OwnRedis:
    """A process of this test alone, with its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = self._start()
        self.url = self._running.url
        self.socket_path = str(self._running.socket_path)

    def _start(self) -> RunningRedis:
        return EmbeddedRedis(self._folder, before_exec=die_with_parent).start()

    def kill(self) -> None:
        self._running.process.kill()
        self._running.process.wait()

    def lose_its_file(self) -> None:
        shutil.rmtree(self._folder / "appendonlydir")

    def start_again(self) -> None:
        self._running = self._start()

    def stop(self) -> None:
        self._running.stop()


def die_with_parent() -> None:
    """Between fork and exec: tests that are killed leave nothing behind (Linux: PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
