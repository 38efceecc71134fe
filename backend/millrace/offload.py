"""Where blocking work runs. Under a cooperative server it leaves the loop for a real thread; elsewhere it stays.

Offloaded work takes no lock that other work holds and writes no log, so that it can cross into a real thread.
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
