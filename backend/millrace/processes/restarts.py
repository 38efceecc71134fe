"""When a process that died is started again, and how its end is told."""

import signal
from collections import deque
from contextlib import suppress

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
MOST_EARLY_DEATHS = 5


class Restarts:
    """How long to wait before a child is started again: from one second, doubling, up to thirty."""

    def __init__(self) -> None:
        self._deaths: deque[float] = deque(maxlen=MOST_EARLY_DEATHS)
        self._pause = FIRST_PAUSE_SECONDS

    def pause_after(self, lived_seconds: float, now: float) -> float:
        """The pause after a death; one that lived long enough begins at one second again."""
        self._deaths.append(now)
        if lived_seconds >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        return pause

    def are_hopeless(self, now: float) -> bool:
        """Whether there were so many deaths within a minute that another start helps nobody."""
        return len(self._deaths) == MOST_EARLY_DEATHS and now - self._deaths[0] <= STEADY_SECONDS


def describe_exit(exit_code: int | None) -> str:
    """How a process ended, in words."""
    if exit_code is not None and exit_code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"
