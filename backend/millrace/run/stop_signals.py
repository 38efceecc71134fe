"""SIGTERM and SIGINT as something to wait for: the first asks to stop, the second to hurry."""

import math
import signal
import time
from contextlib import suppress
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

    def wait(self, timeout_seconds: float = math.inf) -> bool:
        """Wait until the process is asked to stop, for at most `timeout_seconds`; whether it was."""
        deadline = time.monotonic() + timeout_seconds
        while not self._count:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with suppress(Empty):
                # Awake now and then: a signal that another thread received is handled only when this one runs.
                self._told.get(timeout=min(left, LOOK_AGAIN_SECONDS))
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
