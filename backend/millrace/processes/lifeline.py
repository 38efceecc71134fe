"""A process dies with its parent, also where the parent was killed and could tell nobody.

Our own processes watch a pipe whose other end the parent alone holds: its end of file is the parent's death. Foreign
programs, such as Redis, are told by the kernel where there is such a thing (Linux).
"""

import ctypes
import os
import signal
import sys
import threading
import time
from types import TracebackType
from typing import Self

FLAG = "--lifeline"
"""The option by which a child is told the descriptor to watch: `millrace worker --lifeline 5`."""

PATIENCE_SECONDS = 30.0
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
"""Loaded beforehand: between fork and exec nothing may be imported or allocated."""


class Lifeline:
    """The parent's end. Give each child `pass_fds` to Popen and `arguments` to its command line."""

    def __init__(self) -> None:
        self._watched, self._held = os.pipe()

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """What a child must inherit."""
        return (self._watched,)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What a child must be told."""
        return (FLAG, str(self._watched))

    def close(self) -> None:
        """Let go: children that still live end as if this process had died."""
        os.close(self._held)
        os.close(self._watched)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def hold_on(descriptor: int, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """In a child: end this process when the parent dies, first politely (SIGTERM), after `patience_seconds` at once."""

    def watch() -> None:
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(patience_seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    os.set_inheritable(descriptor, False)
    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Between fork and exec: let the kernel send `number` when the thread that forked this process ends. Linux only.

    A program that is left behind elsewhere must be found by whoever starts next.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, number)


def die_at_once_with_parent() -> None:
    """As `die_with_parent`, without a chance to do anything more."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
