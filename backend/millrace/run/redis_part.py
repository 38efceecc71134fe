"""The embedded Redis as a part that the supervisor watches over."""

import threading
import time
from collections.abc import Callable

from millrace.processes.restarts import Restarts
from millrace.run.embedded_redis import EmbeddedRedis, RunningRedis

STOP_SECONDS = 10.0


class RedisPart:
    """`on_exit` is told from another thread when the server ended; `on_moved` when it came back at another address."""

    name = "redis"

    def __init__(
        self, config: EmbeddedRedis, on_exit: Callable[["RedisPart"], None], on_moved: Callable[[str], None]
    ) -> None:
        self.restarts = Restarts()
        self._config = config
        self._on_exit = on_exit
        self._on_moved = on_moved
        self._running: RunningRedis | None = None
        self._url = ""
        self._started_at = 0.0

    def start(self) -> None:
        """Start the server and wait until it answers. Only from the main thread: the kernel ends it with its starter.

        Raises:
            EmbeddedRedisFailed: It doesn't answer.
        """
        self._started_at = time.monotonic()
        self._running = running = self._config.start()
        if running.url != self._url:
            self._url = running.url
            self._on_moved(running.url)
        threading.Thread(target=self._watch, args=(running,), daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """Whether the server runs."""
        return self._running is not None and self._running.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended."""
        return self._running.process.returncode if self._running else None

    @property
    def lived_seconds(self) -> float:
        """Since when the server that was started last lives, or lived."""
        return time.monotonic() - self._started_at

    def ask_to_stop(self) -> None:
        """Nothing: `wait` stops it, since it is the last one and must write its file."""

    def wait(self, _timeout_seconds: float, _is_hurried: Callable[[], bool]) -> bool:
        """Stop the server in order, also where somebody is in a hurry: it takes less than a blink."""
        if self._running is not None:
            self._running.stop(STOP_SECONDS)
        return True

    def kill(self) -> None:
        """Nothing is left to kill: `stop` does so where the server doesn't end."""

    def _watch(self, running: RunningRedis) -> None:
        running.process.wait()
        self._on_exit(self)
