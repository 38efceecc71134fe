"""What passes between a worker and each of its processes: lines of JSON on a socket, in both directions.

The socket is also how each learns of the other's death: its end of file.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import orjson
import structlog

JOIN_SECONDS = 1.0

log = structlog.get_logger(__name__)

Message = Mapping[str, Any]
"""From the worker `ask`, `begin`, `cancelled`, `forgotten` or `quiet`; from a process `ready`, `state` or `leaving`."""


class LinkEnd:
    """One end. `send` may be called from any thread; `hear` gets each message in the reading thread."""

    def __init__(self, end: socket.socket, hear: Callable[[Message], None], on_end: Callable[[], None]) -> None:
        self._socket = end
        self._hear = hear
        self._on_end = on_end
        self._sending = threading.Lock()
        self._is_whole = True  # no line was cut short
        self._thread = threading.Thread(target=self._read, name="link", daemon=True)

    def start(self) -> None:
        """Begin to hear."""
        self._thread.start()

    def send(self, message: Message) -> bool:
        """Say something, without waiting; whether the other end may hear it."""
        line = orjson.dumps(message) + b"\n"
        try:
            with self._sending:
                return self._is_whole and self._send(line)
        except OSError:  # it is gone, or hears nothing and its socket is full
            return False

    def join(self) -> None:
        """Wait until all that the other end said before it ended is heard, if that takes a moment."""
        self._thread.join(JOIN_SECONDS)

    def close(self) -> None:
        """Let go of the socket: the other end hears of it, whoever else holds a copy of its descriptor."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _send(self, line: bytes) -> bool:
        """Never waits: an end that hears nothing must not keep the other from speaking with the rest."""
        self._is_whole = self._socket.send(line, socket.MSG_DONTWAIT) == len(line)
        return self._is_whole

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

    def say_leaving(self) -> None:
        """Say that the process ends in order, whatever exit code is seen then: a handler may choose one as well."""
        self._end.send({"leaving": True})

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
