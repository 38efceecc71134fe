"""Remembers for a short while what costs a look into the database."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Generic, TypeVar

from millrace.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ShortMemory(Generic[K, V]):
    """Keeps up to `most` values, each for at most `lifetime`. Safe to share between threads."""

    def __init__(self, clock: Clock, lifetime: timedelta, most: int) -> None:
        self._clock = clock
        self._lifetime_seconds = lifetime.total_seconds()
        self._most = most
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value of `key`, or None where it isn't remembered any more."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            forget_at, value = kept
            if self._clock.monotonic() >= forget_at:
                del self._kept[key]
                return None
            return value

    def put(self, key: K, value: V) -> None:
        """Remember `value` from now on; the one that was put longest ago makes room."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (self._clock.monotonic() + self._lifetime_seconds, value)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def forget_where(self, applies: Callable[[V], bool]) -> None:
        """Forget every value that `applies` to."""
        with self._lock:
            for key in [key for key, (_, value) in self._kept.items() if applies(value)]:
                del self._kept[key]
