"""The log of an attempt, as its handler sees it."""

from typing import Protocol


class LineWriter(Protocol):
    """Where the lines of a log go."""

    def write(self, level: str, message: str) -> None: ...


class AttemptLog:
    """Implements `jobs.handler.JobLog`."""

    def __init__(self, lines: LineWriter) -> None:
        self._lines = lines

    def debug(self, message: str) -> None:
        self._lines.write("debug", message)

    def info(self, message: str) -> None:
        self._lines.write("info", message)

    def warning(self, message: str) -> None:
        self._lines.write("warning", message)

    def error(self, message: str) -> None:
        self._lines.write("error", message)
