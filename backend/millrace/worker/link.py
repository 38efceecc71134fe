"""What passes between a worker and each of its processes: lines of JSON on a socket, in both directions.

The socket is also how each learns of the other's death: its end of file.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson
import structlog

log = structlog.get_logger(__name__)

Message = Mapping[str, Any]
"""One of: from the worker `ask`, `begin`, `cancelled`, `forgotten`, `quiet`; from a process `ready`, `state`."""


class LinkEnd:
    """One end. `send` may be called from any thread; `hear` gets each message in the reading thread."""

    def __init__(self, end: socket.socket, hear: Callable[[Message], None], on_end: Callable[[], None]) -> None:
        self._socket = end
        self._hear = hear
        self._on_end = on_end
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._read, name="link", daemon=True)

    def start(self) -> None:
        """Begin to hear."""
        self._thread.start()

    def send(self, message: Message) -> bool:
        """Say something; whether the other end is still there."""
        line = orjson.dumps(message) + b"\n"
        try:
            with self._sending:
                self._socket.sendall(line)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go of the socket: the other end hears of it."""
        self._socket.close()

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    try:
                        self._hear(orjson.loads(line))
                    except Exception:  # whoever hears nothing more is taken for dead
                        log.exception("message_broken")
        except (OSError, ValueError):  # the socket was cut, or closed here
            pass
        finally:
            self._on_end()


class Process(Protocol):
    """What the link asks of the process it leads to."""

    def state(self) -> Message: ...
    def cancel(self, job_ids: frozenset[str]) -> None: ...
    def give_up(self) -> None: ...
    def quiet(self) -> None: ...


class ProcessLink:
    """The end of a worker's process: answers for it, and lets it die with its worker."""

    def __init__(self, end: socket.socket, process: Process) -> None:
        self._process = process
        self._begin = threading.Event()
        self._end = LinkEnd(end, self._hear, _die)

    def start(self) -> None:
        """Say that the process is ready, and begin to answer."""
        self._end.start()
        self._end.send({"ready": True})

    def may_begin(self, timeout_seconds: float) -> bool:
        """Wait until the worker has registered this process; whether it has."""
        return self._begin.wait(timeout_seconds)

    def _hear(self, message: Message) -> None:
        if "ask" in message:
            self._end.send({"state": self._process.state(), "ask": message["ask"]})
        elif "cancelled" in message:
            self._process.cancel(frozenset(message["cancelled"]))
        elif "forgotten" in message:
            self._process.give_up()
        elif "quiet" in message:
            self._process.quiet()
        elif "begin" in message:
            self._begin.set()


def _die() -> None:
    """At once: nobody tells the scheduler any more that this process lives, so others will take what it holds."""
    os.kill(os.getpid(), signal.SIGKILL)
