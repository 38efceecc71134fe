"""Frames on a Unix socket between a worker and the processes that it isolates. JSON and descriptors, nothing else.

A frame is a header, its kind and its values. Descriptors travel with the first byte of their frame, so they are in hand
once it is complete.
"""

import array
import json
import os
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

MAX_FRAME_BYTES = 1024 * 1024
"""More than the largest payload, result or traceback."""

MOST_DESCRIPTORS = 1
CHUNK_BYTES = 64 * 1024
_HEADER = struct.Struct(">IB")
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class ChannelLost(Exception):
    """Nothing more comes or goes: the other end is gone, doesn't listen, or says what can't be understood."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What one end says to the other. Who receives a descriptor owns it."""

    kind: str
    values: Mapping[str, Any]
    descriptor: int | None = None


class Channel:
    """One end of a conversation. Any thread may send; one thread receives.

    Args:
        patience_seconds: How long the other end may not listen before it counts as lost; None for as long as it likes.
        takes_descriptors: Whether the other end is trusted to send them.
    """

    def __init__(
        self, end: socket.socket, *, patience_seconds: float | None = None, takes_descriptors: bool = False
    ) -> None:
        end.settimeout(patience_seconds)
        self._socket = end
        self._takes_descriptors = takes_descriptors
        self._sending = threading.Lock()
        self._received = bytearray()
        self._descriptors: deque[int] = deque()

    def fileno(self) -> int:
        """For those who wait for several things at once. What was received, but not yet asked for, isn't seen there."""
        return self._socket.fileno()

    def send(self, kind: str, values: Mapping[str, Any] | None = None, descriptor: int | None = None) -> None:
        """Say something; the descriptor stays the caller's too.

        Raises:
            ChannelLost: It may have arrived in part. What the other end said before can still be received.
            ValueError: It is too large, and nothing was sent.
        """
        body = json.dumps([kind, values or {}]).encode()
        if len(body) > MAX_FRAME_BYTES:
            raise ValueError(f"a frame of {len(body):,} bytes")
        descriptors = [] if descriptor is None else [descriptor]
        data = memoryview(_HEADER.pack(len(body), len(descriptors)) + body)
        with self._sending:
            try:
                while data:
                    data = data[socket.send_fds(self._socket, [data], descriptors) :]
                    descriptors = []
            except OSError as error:
                raise ChannelLost(str(error)) from error

    def receive(self, timeout_seconds: float | None) -> Frame | None:
        """The next frame; None where there is none yet. With a timeout, what comes slowly doesn't hold up the caller.

        Raises:
            ChannelLost: All that came before was received.
        """
        while (frame := self._next()) is None:
            if not _is_readable(self._socket, timeout_seconds):
                return None
            self._fill()
            if timeout_seconds is not None:
                return self._next()
        return frame

    def hang_up(self) -> None:
        """Let both ends hear that it is over; the one who receives may then close."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket. Nobody else may be using it."""
        self._socket.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())

    def _fill(self) -> None:
        try:
            data = self._receive_with_descriptors() if self._takes_descriptors else self._socket.recv(CHUNK_BYTES)
        except OSError as error:
            raise ChannelLost(str(error)) from error
        if not data:
            raise ChannelLost("the other end is gone")
        self._received += data

    def _receive_with_descriptors(self) -> bytes:
        """As `socket.recv_fds`, which leaves out its flags: no program that a handler starts is to inherit these."""
        found = array.array("i")
        room = socket.CMSG_LEN(MOST_DESCRIPTORS * found.itemsize)
        data, extras, _, _ = self._socket.recvmsg(CHUNK_BYTES, room, _CLOSE_ON_EXEC)
        for level, kind, content in extras:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                found.frombytes(content[: len(content) - len(content) % found.itemsize])
        self._descriptors.extend(found)
        return data

    def _next(self) -> Frame | None:
        if len(self._received) < _HEADER.size:
            return None
        length, descriptors = _HEADER.unpack_from(self._received)
        if length > MAX_FRAME_BYTES or descriptors > MOST_DESCRIPTORS:
            raise ChannelLost("a frame that is too large")
        end = _HEADER.size + length
        if len(self._received) < end:
            return None
        if descriptors > len(self._descriptors):
            raise ChannelLost("a descriptor got lost")
        body = bytes(self._received[_HEADER.size : end])
        del self._received[:end]
        return _frame(body, self._descriptors.popleft() if descriptors else None)


def _frame(body: bytes, descriptor: int | None) -> Frame:
    try:
        kind, values = json.loads(body)
    except ValueError as error:
        raise ChannelLost("a frame that is no JSON") from error
    if not isinstance(kind, str) or not isinstance(values, dict):
        raise ChannelLost("a frame that says nothing")
    return Frame(kind, values, descriptor)


def _is_readable(end: socket.socket, timeout_seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(end, select.POLLIN)
    return bool(poll.poll(None if timeout_seconds is None else timeout_seconds * 1000))


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a new conversation."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
