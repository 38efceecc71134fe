"""SIGTERM and SIGINT as something to wait for: the first asks to stop, the second to hurry."""

import signal
from queue import Empty, SimpleQueue
from types import FrameType

LOOK_AGAIN_SECONDS = 1.0


class StopSignals:
    """What this process was told. Made in the main thread, before anything that takes long."""

    def __init__(self) -> None:
        # The one queue whose `put` may be called from a signal handler, whatever the main thread is doing.
        self._told: SimpleQueue[int] = SimpleQueue()
        self._count = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hear)

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the process is asked to stop; whether it was."""
        if not self._count:
            try:
                self._told.get(timeout=timeout_seconds)
            except Empty:
                return False
            self._count += 1
        return True

    def is_hurried(self) -> bool:
        """Whether the process was asked more than once."""
        while not self._told.empty():
            self._told.get()
            self._count += 1
        return self._count > 1

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._told.put(number)
