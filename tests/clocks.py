"""A clock for tests in which time passes only when they say so."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class HandClock:
    """A `Clock` whose seconds the test moves."""

    seconds: float = 0.0

    def utc_now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.seconds
