"""When a failed attempt is tried again: exponential backoff with jitter, capped, per job type."""

import random
from dataclasses import dataclass
from datetime import timedelta

MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how soon a job type is tried again.

    The pause before the attempt that follows the n-th failure is drawn evenly from [p/2, p] with
    p = min(first_pause * 2^(n-1), longest_pause), so that jobs which failed together don't return together.
    """

    max_attempts: int = 4
    first_pause: timedelta = timedelta(seconds=5)
    longest_pause: timedelta = timedelta(minutes=30)

    def pause_after(self, failures: int, draw: float | None = None) -> timedelta:
        """The pause after `failures` failures (1 or more); `draw` in [0, 1) stands for the jitter."""
        doublings = min(failures - 1, MOST_DOUBLINGS)
        longest = min(self.first_pause * 2.0**doublings, self.longest_pause)
        jitter = random.random() if draw is None else draw
        return longest * (1 + jitter) / 2
