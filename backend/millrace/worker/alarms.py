"""Calls functions at their time, from one thread for all. It rests while there is nothing to call."""

import math
import threading
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Alarms:
    """Most alarms are cancelled long before their time, so setting and cancelling one wakes nobody.

    The thread begins with the first alarm; `close` ends it. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[object, tuple[float, Callable[[], object]]] = {}
        self._wakes_at = math.inf
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def set(self, seconds: float, ring: Callable[[], object]) -> object:
        """Call `ring` in `seconds` from now, unless `cancel` is called with what this returns. It must not block."""
        key = object()
        due_at = time.monotonic() + seconds
        with self._changed:
            self._due[key] = (due_at, ring)
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
                self._thread.start()
            if due_at < self._wakes_at:
                self._changed.notify()
        return key

    def cancel(self, key: object) -> None:
        """Forget an alarm. Once this returns it doesn't ring any more; that it rang already is no error."""
        with self._changed:
            self._due.pop(key, None)

    def close(self) -> None:
        """Forget all."""
        with self._changed:
            self._is_closed = True
            self._due.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._is_closed:
                self._wakes_at = min((due_at for due_at, _ in self._due.values()), default=math.inf)
                self._changed.wait(None if self._wakes_at == math.inf else self._wakes_at - time.monotonic())
                self._ring_due()

    def _ring_due(self) -> None:
        now = time.monotonic()
        for key in [key for key, (due_at, _) in self._due.items() if due_at <= now]:
            _, ring = self._due.pop(key)
            try:
                ring()
            except Exception:
                log.exception("alarm_broken")
