"""Socket.IO for the browsers: connects, subscribes, and closes the sockets of those whose session ended.

WebSocket is the only transport, so that a client needs no sticky session. Each process serves its own clients from its
own subscription, so there is no message queue between processes.
"""

import logging
import threading
from collections.abc import Callable, Collection
from typing import Any, Literal

import structlog
from flask import Flask, request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import SocketIO

from millrace.errors import MillraceError, NotAuthenticated, Unavailable
from millrace.realtime.gate import Enter, Gate
from millrace.realtime.hub import Hub
from millrace.realtime.packets import Json, JsonPacket
from millrace.realtime.rooms import check_may_join, check_name
from millrace.services import Services

MAX_MESSAGE_BYTES = 16 * 1024
"""The longest message of a client: an access token and some words around it."""

MAX_QUEUED_PACKETS = 50
"""A client that takes its messages so slowly is cut off: it comes back and asks again."""

PING_INTERVAL_SECONDS = 20
PING_TIMEOUT_SECONDS = 15
RECHECK_SECONDS = 30.0
JOIN_SECONDS = 1.0

Answer = dict[str, Any]
AsyncMode = Literal["eventlet", "threading"]

logger = structlog.get_logger(__name__)


class Realtime:
    """The live side of one web process.

    Args:
        app: Serves `/socket.io` from now on.
        services: What it reads.
        enter: Verifies an access token, in the context of `app`.
        async_mode: How the server around it waits.
        recheck_seconds: How often sessions of those who are connected are looked at.
    """

    def __init__(
        self,
        app: Flask,
        services: Services,
        enter: Enter,
        *,
        async_mode: AsyncMode,
        recheck_seconds: float = RECHECK_SECONDS,
    ) -> None:
        self._reader = services.reader
        self._gate = Gate(enter, services.accounts, services.clock)
        self._hub = Hub(self._send, services.accounts.names_of, services.clock)
        self._subscriber = services.subscriber(self._hub.on_event, self._hub.on_gap)
        self._recheck_seconds = recheck_seconds
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._strangers: set[str] = set()
        self._socketio = SocketIO(app, **_options(async_mode))
        self._socketio.on_event("connect", self._connect)
        self._socketio.on_event("disconnect", self._disconnect)
        self._socketio.on_event("subscribe", self._subscribe)
        self._socketio.on_event("unsubscribe", self._unsubscribe)
        self._socketio.on_event("renew", self._renew)
        self._socketio.on_error_default(_answer_error)

    @property
    def is_listening(self) -> bool:
        """Whether events arrive from the bus."""
        return self._subscriber.is_listening

    def start(self, on_crash: Callable[[], None]) -> None:
        """Begin to listen and to send. `on_crash` is called where one of the threads ends by an error."""

        def guarded(work: Callable[[], None]) -> Callable[[], None]:
            def run() -> None:
                crashed = True
                try:
                    work()
                    crashed = False
                finally:
                    if crashed:
                        on_crash()

            return run

        for name, work in (
            ("hub", self._hub.run),
            ("event-subscriber", self._subscriber.run),
            ("session-check", self._watch_sessions),
        ):
            thread = threading.Thread(target=guarded(work), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop listening and close every socket; clients come back when there is a server again."""
        self._stopped.set()
        self._subscriber.stop()
        self._hub.stop()
        for transport in list(self._engine.sockets.values()):
            transport.close(wait=False)
        for thread in self._threads:
            thread.join(JOIN_SECONDS)

    @property
    def _server(self) -> Any:
        return self._socketio.server

    @property
    def _engine(self) -> Any:
        return self._server.eio

    # What clients ask for

    def _connect(self, auth: object = None) -> None:
        try:
            self._gate.admit(_sid(), auth)
        except NotAuthenticated as error:
            raise Refused(NotAuthenticated.code) from error
        except MillraceError as error:
            raise Refused(error.code) from error

    def _disconnect(self, _reason: object = None) -> None:
        self._forget(_sid())

    def _subscribe(self, message: object = None, *_more: object) -> Answer:
        sid = _sid()
        room = check_name(_member(message, "room"))
        check_may_join(room, self._gate.guest(sid).account, self._reader)
        self._hub.join(sid, room)
        try:
            self._gate.guest(sid)
        except NotAuthenticated:  # the socket was closed while the job was looked up
            self._hub.drop(sid)
            raise
        return {"ok": True}

    def _unsubscribe(self, message: object = None, *_more: object) -> Answer:
        sid = _sid()
        room = check_name(_member(message, "room"))
        self._gate.guest(sid)
        self._hub.leave(sid, room)
        return {"ok": True}

    def _renew(self, message: object = None, *_more: object) -> Answer:
        self._gate.renew(_sid(), message)
        return {"ok": True}

    # What clients are sent

    def _send(self, event: str, data: object, sids: Collection[str]) -> None:
        self._server.emit(event, data, to=list(sids))
        for sid in sids:
            transport = self._transport_of(sid)
            if transport is not None and transport.queue.qsize() > MAX_QUEUED_PACKETS:
                logger.info("slow client cut off", action="cut_off_slow_client")
                self._forget(sid)
                transport.close(wait=False, abort=True)

    def _transport_of(self, sid: str) -> Any:
        return self._engine.sockets.get(self._server.manager.eio_sid_from_sid(sid, "/"))

    # Who may stay

    def _watch_sessions(self) -> None:
        while not self._stopped.wait(self._recheck_seconds):
            for sid in self._gate.overstaying():
                self._end(sid)
            self._end_strangers()

    def _end(self, sid: str) -> None:
        self._forget(sid)
        transport = self._transport_of(sid)
        self._server.disconnect(sid)
        if transport is not None:
            transport.close(wait=False)

    def _end_strangers(self) -> None:
        """Close connections that were there at the last look and still showed no token."""
        known = {self._server.manager.eio_sid_from_sid(sid, "/") for sid in self._gate.sids()}
        strangers = set(self._engine.sockets) - known
        for eio_sid in strangers & self._strangers:
            transport = self._engine.sockets.get(eio_sid)
            if transport is not None:
                transport.close(wait=False)
        self._strangers = strangers

    def _forget(self, sid: str) -> None:
        self._gate.forget(sid)
        self._hub.drop(sid)


def _options(async_mode: AsyncMode) -> dict[str, Any]:
    # The transport reports what strangers send as errors of its own; nothing of it helps whoever reads the log.
    silent = logging.getLogger("millrace.realtime.transport")
    silent.setLevel(logging.CRITICAL + 1)
    return {
        "async_mode": async_mode,
        "transports": ["websocket"],
        "serializer": JsonPacket,
        "json": Json,
        # One message of a client after the other: who asks faster than he is answered waits.
        "async_handlers": False,
        "max_http_buffer_size": MAX_MESSAGE_BYTES,
        "ping_interval": PING_INTERVAL_SECONDS,
        "ping_timeout": PING_TIMEOUT_SECONDS,
        "logger": silent,
        "engineio_logger": silent,
    }


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]


def _member(message: object, name: str) -> object:
    return message.get(name) if isinstance(message, dict) else None


def _answer_error(error: Exception) -> Answer:
    if not isinstance(error, MillraceError):
        logger.error("socket handler failed", action="socket_error", exc_info=error)
        error = MillraceError()
    if request.event["message"] == "connect":  # type: ignore[attr-defined]
        raise Refused(error.code)
    if isinstance(error, Unavailable):
        logger.warning("a socket's request can't be answered now", action="socket_unavailable", code=error.code)
    return {"error": {"code": error.code, "message": error.message}}
