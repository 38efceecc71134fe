"""The two clocks everything reads: one for people, one for durations.

Rows take their times from the database's own clock; this one serves tokens, pauses and deadlines inside a process.
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def utc_now(self) -> datetime:
        """Now, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back, never compared between processes."""


class SystemClock:
    """The clock of this host."""

    def utc_now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def to_rfc3339(moment: datetime) -> str:
    """`moment` as JSON says it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
