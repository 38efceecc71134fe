"""The child's end of its conversation with the worker: what the attempt says, asks and is told."""

import os
import queue
import signal
import threading
import time
from collections.abc import Mapping
from typing import Any

from millrace.clock import SystemClock
from millrace.worker.held import StopReason, StopSignal
from millrace.worker.isolation.carried import revive
from millrace.worker.isolation.wire import Channel, ChannelLost, Frame
from millrace.worker.words import MOST_LINE_LENGTH, MOST_LINES, MOST_PROGRESS_LENGTH, one_line, storable

PROGRESS_EVERY_SECONDS = 0.02
"""A handler may tell its progress a million times a second; the worker hears the newest, fifty times a second."""


class Line:
    """Any thread of the child may speak. `finish` has the last word."""

    def __init__(self, channel: Channel) -> None:
        self.stop = StopSignal(SystemClock())
        self._channel = channel
        self._asking = threading.Lock()
        self._replies: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._lines = 0
        self._sending_progress = threading.Lock()
        self._progress: tuple[float | None, str] | None = None
        self._has_progress = threading.Event()
        self._teller: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, name="line", daemon=True).start()

    def tell(self, fraction: float | None, message: str) -> None:
        """Tell how far the attempt is, soon."""
        self._progress = (None if fraction is None else float(fraction), one_line(message, MOST_PROGRESS_LENGTH))
        self._has_progress.set()
        if self._teller is None:
            self._teller = threading.Thread(target=self._tell_now_and_then, name="progress", daemon=True)
            self._teller.start()

    def write(self, level: str, message: str) -> None:
        """Add a line to the log. One line past the most is sent still, so that the log says that it is full."""
        if self._lines <= MOST_LINES:
            self._lines += 1
            self._channel.send("log", {"level": level, "message": storable(message, MOST_LINE_LENGTH)})

    def ask(self, what: str, *arguments: str) -> Frame:
        """Ask the worker for something and wait for the answer.

        Raises:
            Exception: As the worker met it.
        """
        with self._asking:
            self._channel.send("ask", {"what": what, "arguments": arguments})
            reply = self._replies.get()
        if reply.kind == "refused":
            raise revive(reply.values)
        return reply

    def finish(self, kind: str, values: Mapping[str, Any]) -> None:
        """Say how the attempt ended, after all else that it said."""
        self._send_progress()
        self._channel.send(kind, values)

    def _listen(self) -> None:
        try:
            while (frame := self._channel.receive(None)) is not None:
                if frame.kind == "stop":
                    self.stop.ask(StopReason[frame.values["reason"]])
                else:
                    self._replies.put(frame)
        except ChannelLost:  # the worker is gone, and with it everything that this was for
            os.killpg(0, signal.SIGKILL)

    def _tell_now_and_then(self) -> None:
        while True:
            self._has_progress.wait()
            self._has_progress.clear()
            self._send_progress()
            time.sleep(PROGRESS_EVERY_SECONDS)

    def _send_progress(self) -> None:
        with self._sending_progress:
            progress, self._progress = self._progress, None
            if progress is not None:
                fraction, message = progress
                self._channel.send("progress", {"fraction": fraction, "message": message})
