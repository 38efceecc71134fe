"""A unix socket in front of a server, which can lose replies: the server has done it, and nobody hears of it."""

import socket
import threading
from contextlib import suppress
from pathlib import Path

CHUNK_BYTES = 65_536


class LeakySocket:
    """Passes bytes on in both directions. While `loses_replies` is set, a reply closes its connection instead."""

    def __init__(self, path: Path, server_path: str) -> None:
        self.path = path
        self.loses_replies = False
        self._server_path = server_path
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Close every connection, and listen no more."""
        for end in [self._listener, *self._open]:
            _close(end)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server_path)
                self._open += [client, server]
                threading.Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_reply: bool) -> None:
        with suppress(OSError):
            while (chunk := source.recv(CHUNK_BYTES)) and not (is_reply and self.loses_replies):
                target.sendall(chunk)
        _close(source)
        _close(target)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
