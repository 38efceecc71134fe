"""Waiting in tests: for something to become true, never for time to pass."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE_SECONDS = 0.01


def wait_until(predicate: Callable[[], T], timeout: float = 10, message: str = "") -> T:
    """Ask until the answer is true, and return it.

    An AssertionError in the predicate counts as "not yet"; the last one is told when the time is up.
    Raises: AssertionError after `timeout` seconds, with what was awaited and what was seen last.
    """
    deadline = time.monotonic() + timeout
    while True:
        seen: object
        try:
            answer = predicate()
            if answer:
                return answer
            seen = answer
        except AssertionError as not_yet:
            seen = not_yet
        if time.monotonic() >= deadline:
            awaited = message or getattr(predicate, "__qualname__", repr(predicate))
            raise AssertionError(f"waited {timeout:g} s for: {awaited}; last seen: {seen!r}")
        time.sleep(PAUSE_SECONDS)
