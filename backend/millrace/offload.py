"""Where blocking work runs. Under a cooperative server it leaves the loop for a real thread; elsewhere it stays.

Offloaded work takes no lock that anybody else takes and writes no log: a patched lock that two real threads want is
never handed over, and its waiter never wakes. So only the call that blocks is offloaded, not what is around it.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Offload(Protocol):
    """Runs a blocking call and waits for its result; exceptions pass through."""

    def __call__(self, work: Callable[[], T], /) -> T: ...


def run_here(work: Callable[[], T], /) -> T:
    """Run `work` in the calling thread: for processes with real threads."""
    return work()
