"""What each engine's adapter does, and the two kinds of process it is started as.

`submit` answers commands from its standard input, one JSON object a line, until that ends. `work` says that it is
ready, waits for a line, and runs jobs until it is killed, or left alone: once all has been counted nobody asks how a
process ends. `bullmq.mjs` says the same in JavaScript.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, ClassVar

PLAIN, LOW, CRITICAL = "plain", "low", "critical"
"""Levels: plain where priorities play no part, so that no engine pays for them then."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How an adapter is to run: what the command line carries as JSON."""

    url: str
    variant: str = ""
    slots: int = 8
    """Threads, child processes or concurrent calls: how many jobs one worker process runs at once."""
    levels: Sequence[str] = field(default=(PLAIN,))


class Adapter(ABC):
    """One engine, as one submitter or as one worker process. Connects when it is used."""

    packages: ClassVar[tuple[str, ...]]
    """Whose versions belong to a result."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    @abstractmethod
    def send(self, numbers: Iterable[int], level: str) -> None:
        """Send jobs one at a time, each with a call that returns when it is in Redis."""

    def send_together(self, numbers: Sequence[int]) -> None:
        """Send plain jobs with the engine's own call for many."""
        raise NotImplementedError

    @abstractmethod
    def left(self) -> int:
        """How many jobs wait or are under way."""

    @abstractmethod
    def work(self) -> None:
        """Run jobs until the process ends."""


def main(adapter: type[Adapter]) -> None:
    """Be what the command line says: `submit` or `work`, and a `Setting` in JSON."""
    logging.basicConfig(level=logging.WARNING)
    role, setting = sys.argv[1], Setting(**json.loads(sys.argv[2]))
    with _answers() as say:
        if role == "submit":
            _submit(adapter(setting), say)
        else:
            worker = adapter(setting)
            say({"ready": True})
            os.read(0, 1)
            threading.Thread(target=_end_when_left_alone, daemon=True).start()
            worker.work()


class _answers:
    """The real standard output for answers; what libraries print goes to standard error."""

    def __enter__(self) -> Callable[[Any], None]:
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)
        return lambda answer: print(json.dumps(answer), file=self._out)

    def __exit__(self, *_: object) -> None:
        self._out.close()


def wait_for_the_end() -> None:
    """For engines that work in threads of their own."""
    threading.Event().wait()


def _submit(adapter: Adapter, say: Callable[[Any], None]) -> None:
    say({name: version(name) for name in adapter.packages})
    for line in sys.stdin:
        command = json.loads(line)
        match command.pop("do"):
            case "send":
                numbers = range(command["first"], command["first"] + command["count"])
                say(_seconds(lambda: adapter.send(numbers, command["level"])))  # noqa: B023
            case "send_together":
                numbers = range(command["first"], command["first"] + command["count"])
                say(_seconds(lambda: adapter.send_together(numbers)))  # noqa: B023
            case "send_at":
                say(_send_at(adapter, **command))
            case "left":
                say(adapter.left())


def _seconds(work: Callable[[], None]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _send_at(adapter: Adapter, first: int, offsets: Sequence[float], level: str) -> list[tuple[int, int]]:
    """Send jobs at moments, in seconds from now: when each call began and returned."""
    begun, stamps = time.monotonic(), []
    for number, offset in enumerate(offsets, first):
        time.sleep(max(0.0, begun + offset - time.monotonic()))
        before = time.monotonic_ns()
        adapter.send([number], level)
        stamps.append((before, time.monotonic_ns()))
    return stamps


def _end_when_left_alone() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)
