"""Watches over the parts that `up` started: starts again what dies, and stops all of them in order."""

import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Protocol

from millrace.errors import MillraceError
from millrace.processes.restarts import Restarts, describe_exit

EXIT_BAD_CONFIGURATION = 2
LOOK_SECONDS = 0.05

IsHurried = Callable[[], bool]


class Part(Protocol):
    """A process that can be started, and started again."""

    @property
    def name(self) -> str: ...
    @property
    def restarts(self) -> Restarts: ...
    @property
    def is_alive(self) -> bool: ...
    @property
    def exit_code(self) -> int | None: ...
    @property
    def lived_seconds(self) -> float: ...
    def start(self) -> None: ...
    def ask_to_stop(self) -> None: ...
    def wait(self, timeout_seconds: float, is_hurried: IsHurried) -> bool: ...
    def kill(self) -> None: ...


class GivenUp(MillraceError):
    """A process doesn't start."""

    code = "given_up"


class Supervisor:
    """Used by one thread; only `note_exit` may be called from others.

    Args:
        tell: Writes a line to the terminal.
        is_ready: Whether the whole answers; asked until it does.
        on_ready: Called once, when it does.
    """

    def __init__(self, tell: Callable[[str], None], is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        self._tell = tell
        self._is_ready = is_ready
        self._on_ready = on_ready
        self._was_ready = False
        self._exits: SimpleQueue[Part] = SimpleQueue()
        self._due: list[tuple[float, Part]] = []

    def note_exit(self, part: Part) -> None:
        """A part has ended."""
        self._exits.put(part)

    def watch(self) -> None:
        """Start again what ends, until an exception ends this.

        Raises:
            GivenUp: A part doesn't come to life.
        """
        while True:
            try:
                self._after_exit(self._exits.get(timeout=self._pause()))
            except Empty:
                self._start_due()
            if not self._was_ready and self._is_ready():
                self._was_ready = True
                self._on_ready()

    def _pause(self) -> float | None:
        if not self._was_ready:
            return LOOK_SECONDS
        if not self._due:
            return None
        return max(0.0, min(at for at, _ in self._due) - time.monotonic())

    def _after_exit(self, part: Part) -> None:
        now = time.monotonic()
        end = f"{part.name} {describe_exit(part.exit_code)}"
        if not self._was_ready and part.exit_code == EXIT_BAD_CONFIGURATION:
            raise GivenUp(f"{end}; what is wrong stands above.")
        pause = part.restarts.pause_after(part.lived_seconds, now)
        if not self._was_ready and part.restarts.are_hopeless(now):
            raise GivenUp(f"{end}, time after time within a minute; what is wrong stands above or in the log folder.")
        self._tell(f"{end}; it starts again in {pause:g} s")
        self._due.append((now + pause, part))

    def _start_due(self) -> None:
        now = time.monotonic()
        due = [part for at, part in self._due if at <= now]
        self._due = [(at, part) for at, part in self._due if at > now]
        for part in due:
            try:
                part.start()
            except MillraceError as error:
                self._tell(error.message)
                self._after_exit(part)


def stop_in_order(groups: Sequence[tuple[Sequence[Part], float]], is_hurried: IsHurried) -> None:
    """Stop one group after the other; the parts of a group have so many seconds together before they are killed."""
    for parts, seconds in groups:
        for part in parts:
            part.ask_to_stop()
        deadline = time.monotonic() + seconds
        for part in parts:
            if not part.wait(deadline - time.monotonic(), is_hurried):
                part.kill()
