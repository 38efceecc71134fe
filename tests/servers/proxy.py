"""A TCP port in front of a server, which cuts, holds or swallows what passes: a network's faults, at a chosen byte."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto

CHUNK_BYTES = 65_536
REMEMBERED_BYTES = 1_000_000


class Fate(Enum):
    """What becomes of a request."""

    PASS = auto()
    HOLD = auto()
    """It never reaches the server, and its sender waits."""

    LOSE_REPLY = auto()
    """The server does it; the connection breaks before anybody hears so."""


Rule = Callable[[bytes, bytes], Fate]
"""Decides by what was just sent, and by what was sent before on the same connection."""


def let_pass(sent: bytes, before: bytes) -> Fate:
    """The rule of a network without faults."""
    del sent, before
    return Fate.PASS


@dataclass(eq=False)
class _Link:
    """A client's connection, and the one to the server behind it."""

    client: socket.socket
    server: socket.socket
    loses_reply: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Listens on `port` of 127.0.0.1. `rule` may be replaced at any time; `fates` counts what it decided."""

    def __init__(self, server: tuple[str, int] | str) -> None:
        """Args:
        server: Host and port, or the path of a unix socket.
        """
        self.rule: Rule = let_pass
        self.fates = dict.fromkeys(Fate, 0)
        self._server = server
        self._links: set[_Link] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> int:
        """Break every connection; how many there were."""
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.close()
        return len(links)

    def close(self) -> None:
        """Break every connection, and listen no more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            server = self._connect()
        except OSError:  # the server is away, and so is the proxy
            client.close()
            return
        link = _Link(client, server)
        with self._lock:
            self._links.add(link)
        for pump in (self._requests, self._replies):
            threading.Thread(target=self._pump, args=(pump, link), daemon=True).start()

    def _connect(self) -> socket.socket:
        if not isinstance(self._server, str):
            return socket.create_connection(self._server)
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._server)
        return server

    def _pump(self, pump: Callable[[_Link], None], link: _Link) -> None:
        with suppress(OSError):
            pump(link)
        link.close()
        with self._lock:
            self._links.discard(link)

    def _requests(self, link: _Link) -> None:
        before = b""
        while chunk := link.client.recv(CHUNK_BYTES):
            fate = self.rule(chunk, before)
            before = (before + chunk)[-REMEMBERED_BYTES:]
            with self._lock:
                self.fates[fate] += 1
            if fate is Fate.HOLD:
                while link.client.recv(CHUNK_BYTES):
                    pass
                return
            if fate is Fate.LOSE_REPLY:
                link.loses_reply.set()
            link.server.sendall(chunk)

    def _replies(self, link: _Link) -> None:
        while (chunk := link.server.recv(CHUNK_BYTES)) and not link.loses_reply.is_set():
            link.client.sendall(chunk)


@contextmanager
def proxy(server: tuple[str, int] | str) -> Iterator[Proxy]:
    """A proxy for as long as the block lasts."""
    front = Proxy(server)
    try:
        yield front
    finally:
        front.close()
