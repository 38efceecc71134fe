"""`millrace web`: REST, Socket.IO and the built frontend from one eventlet server on one port.

This file alone knows eventlet. It patches the standard library before anything else is imported.
"""

import os
import warnings

os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")  # the system's resolver knows what a container's hosts are called
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet tells at every start that it is in its old age, which DESIGN.md says too
    import eventlet

    eventlet.monkey_patch()

import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import structlog
from eventlet import hubs, tpool, websocket, wsgi
from flask import Flask

from millrace.api.app import create_app
from millrace.api.context import EXTENSION
from millrace.logs import configure_logging
from millrace.realtime.server import MAX_MESSAGE_BYTES, Realtime
from millrace.run.listening import open_listener
from millrace.services import build_services
from millrace.settings import load_settings

MOST_SOCKETS = 16_384
IDLE_SECONDS = 75
HEADERS_SECONDS = 15
STALLED_SECONDS = 60
CLOSING_TIME = timedelta(seconds=3)
LONGEST_CLOSING_SECONDS = 8

StartResponse = Callable[..., Any]
Environ = dict[str, Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

logger = structlog.get_logger(__name__)


def main(lifeline: int | None = None) -> int:
    """Serve until SIGTERM or SIGINT, or until the process that holds the other end of `lifeline` is gone.

    Raises:
        ConfigurationError: A setting is wrong, or the port is taken.
    """
    stop = _Stop(lifeline)
    settings = load_settings()
    configure_logging(settings, "web")
    listener = open_listener(settings.host, settings.port)
    services = build_services(settings, offload=tpool.execute)
    try:
        app = create_app(services)
        realtime = Realtime(app, services, app.extensions[EXTENSION].access.enter, async_mode="eventlet")
        realtime.start(on_crash=stop.after_crash)
        server = _Server(listener, app)
        server.start()
        logger.info("listening", action="listening", host=settings.host, port=listener.getsockname()[1])
        stop.wait()
        signal.alarm(LONGEST_CLOSING_SECONDS)  # ends a process that doesn't come to its end
        server.close()
        realtime.stop()
        server.wait_until_idle()
    finally:
        services.close()
    return 1 if stop.crashed else 0


class _Stop:
    """What ends the process. No signal wakes eventlet's loop: Python writes each one to a pipe that the loop reads."""

    def __init__(self, lifeline: int | None) -> None:
        self.crashed = False
        self._stopped = eventlet.Event()
        heard, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        for descriptor in (heard, lifeline):
            if descriptor is not None:
                eventlet.spawn(self._watch, descriptor)

    def wait(self) -> None:
        """Wait until the process is to stop."""
        self._stopped.wait()

    def after_crash(self) -> None:
        """Stop, and say by the exit code that it wasn't on purpose: a process that serves half of its work is worse."""
        self.crashed = True
        self._tell()

    def _watch(self, descriptor: int) -> None:
        hubs.trampoline(descriptor, read=True)
        self._tell()

    def _tell(self) -> None:
        if not self._stopped.ready():
            self._stopped.send()


class _Server:
    """eventlet's WSGI server around `app`, within bounds."""

    def __init__(self, listener: socket.socket, app: Flask) -> None:
        _bound_websocket_messages()
        self._listener = listener
        self._app = _refuse_odd_websockets(app)
        self._connections = eventlet.GreenPool(_room_for_sockets())
        self._accepting: Any = None

    def start(self) -> None:
        """Begin to accept connections."""
        self._accepting = eventlet.spawn(
            wsgi.server,
            self._listener,
            self._app,
            custom_pool=self._connections,
            protocol=_Protocol,
            keepalive=IDLE_SECONDS,
            socket_timeout=STALLED_SECONDS,
            log_output=False,
            debug=False,
        )

    def close(self) -> None:
        """Accept nothing more, and close connections on which nothing happens."""
        self._accepting.kill()
        self._listener.close()

    def wait_until_idle(self) -> None:
        """Let requests that are being answered end, within bounds."""
        with eventlet.Timeout(CLOSING_TIME.total_seconds(), False):
            self._connections.waitall()


class _Protocol(wsgi.HttpProtocol):  # type: ignore[misc]
    """HTTP within bounds of time: a client that only trickles its request can't hold its connection for long."""

    def _read_request_line(self) -> Any:
        with eventlet.Timeout(IDLE_SECONDS, TimeoutError()):
            return super()._read_request_line()

    def parse_request(self) -> Any:
        with eventlet.Timeout(HEADERS_SECONDS, TimeoutError()):
            return super().parse_request()


def _refuse_odd_websockets(app: WsgiApp) -> WsgiApp:
    """Speak the WebSocket of RFC 6455 alone, without compression, which costs each client more than it saves."""

    def guard(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if "HTTP_UPGRADE" in environ:
            if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
                start_response("426 Upgrade Required", [("Sec-WebSocket-Version", "13"), ("Connection", "close")])
                return [b""]
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        return app(environ, start_response)

    return guard


def _bound_websocket_messages() -> None:
    """eventlet bounds each frame of a message, but not how many of them there are."""
    unbounded = websocket.RFC6455WebSocket.Message

    class Message(unbounded):  # type: ignore[misc, valid-type]
        length = 0

        def push(self, data: bytes, final: bool = False) -> None:
            self.length += len(data)
            if self.length > MAX_MESSAGE_BYTES:
                raise websocket.FailedConnectionError(1009, "The message is too long.")
            super().push(data, final)

    websocket.RFC6455WebSocket.Message = Message


def _room_for_sockets() -> int:
    """How many connections to hold: with fewer descriptors than that, accepting one too many would end the server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST_SOCKETS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST_SOCKETS if soft == resource.RLIM_INFINITY else min(MOST_SOCKETS, soft // 2)


if __name__ == "__main__":
    sys.exit(main())
