"""A real Redis for tests, the one that comes with Millrace, on a unix socket in a short temporary folder."""

import ctypes
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from millrace.run.embedded_redis import EmbeddedRedis


@contextmanager
def valkey() -> Iterator[str]:
    """The URL of a server for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="millrace-redis-test-") as folder:
        die_with_parent = (lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)) if sys.platform == "linux" else None
        running = EmbeddedRedis(Path(folder), before_exec=die_with_parent).start()
        try:
            yield running.url
        finally:
            running.stop()
