"""SIGTERM and SIGINT as something to wait for: the first asks to stop, the second to hurry."""

import math
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType

LOOK_AGAIN_SECONDS = 1.0

Handler = Callable[[int, FrameType | None], object] | signal.Handlers
USUAL: Mapping[int, Handler] = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
"""What these do in a process that nobody prepared."""


class StopSignals:
    """What this process was told. Made in the main thread, before anything that takes long.

    It is for this process alone: one that is forked from it ends as usual, or what forked it couldn't end it.
    """

    def __init__(self) -> None:
        # The one queue whose `put` may be called from a signal handler, whatever the main thread is doing.
        self._told: SimpleQueue[int] = SimpleQueue()
        self._heard: list[int] = []
        for number in USUAL:
            signal.signal(number, self._hear)
        os.register_at_fork(after_in_child=self._leave)

    def wait(self, timeout_seconds: float = math.inf) -> bool:
        """Wait until the process is asked to stop, for at most `timeout_seconds`; whether it was."""
        deadline = time.monotonic() + timeout_seconds
        while not self._heard:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with suppress(Empty):
                # Awake now and then: a signal that another thread received is handled only when this one runs.
                self._heard.append(self._told.get(timeout=min(left, LOOK_AGAIN_SECONDS)))
        return True

    def is_hurried(self) -> bool:
        """Whether the process was asked more than once."""
        return len(self._all_heard()) > 1

    def is_interrupted(self) -> bool:
        """Whether SIGINT was among what it was told; SIGTERM counts for nothing here, however often it came."""
        return signal.SIGINT in self._all_heard()

    def _all_heard(self) -> list[int]:
        while not self._told.empty():
            self._heard.append(self._told.get())
        return self._heard

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._told.put(number)

    def _leave(self) -> None:
        for number, handler in USUAL.items():
            if signal.getsignal(number) == self._hear:
                signal.signal(number, handler)
