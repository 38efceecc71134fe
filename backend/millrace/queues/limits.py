"""What holds a queue back, and how a queue stands: values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from millrace.errors import ValidationFailed

BOUNDS: Mapping[str, tuple[float, float]] = {
    "concurrency": (1, 100_000),
    "rate": (1, 1_000_000),
    "period_seconds": (0.1, 86_400),
}
"""The least and the most of what a change may name."""


class BadLimit(ValidationFailed):
    """A limit doesn't fit: each number has its bounds, and a rate and its period come together."""

    code = "bad_limit"


class LimitChange(TypedDict, total=False):
    """What shall be other than it is. What isn't named stays; None lifts a limit, and a rate takes its period along."""

    paused: bool
    concurrency: int | None
    rate: int | None
    period_seconds: float | None


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Nothing starts, so many run at once, or so many start in any period. Each change raises `version` by one.

    Raises:
        BadLimit: A number is below one, or one of rate and period is missing.
    """

    paused: bool = False
    concurrency: int | None = None
    rate: int | None = None
    period: timedelta | None = None
    version: int = 0

    def __post_init__(self) -> None:
        numbers = (self.concurrency, self.rate)
        if any(number is not None and number < 1 for number in numbers):
            raise BadLimit
        if (self.rate is None) != (self.period is None) or (self.period and self.period < timedelta(milliseconds=1)):
            raise BadLimit

    def changed_by(self, change: LimitChange) -> "QueueLimits":
        """These limits with `change` made to them, as the next version.

        Raises:
            BadLimit: A number is out of bounds, or one of rate and period would be missing; names the fields.
        """
        _check_bounds(change)
        rate = change.get("rate", self.rate)
        period = self.period if rate is not None else None
        if "period_seconds" in change:
            period = _milliseconds(change["period_seconds"])
        if rate is not None and period is None:
            problem = "A rate needs its period. To lift the limit, set the rate to null."
            raise BadLimit(fields={"period_seconds": [problem]})
        if rate is None and period is not None:
            raise BadLimit(fields={"rate": ["A period needs its rate: how many may start in it."]})
        return QueueLimits(
            paused=change.get("paused", self.paused),
            concurrency=change.get("concurrency", self.concurrency),
            rate=rate,
            period=period,
            version=self.version + 1,
        )


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How a queue stands.

    Attributes:
        waiting: How many wait, by level.
        started: How many were taken and aren't acknowledged.
        oldest: Since when the longest of those next in line waits, by level; to the second.
    """

    waiting: Mapping[int, int]
    started: int
    oldest: Mapping[int, datetime]

    @property
    def oldest_at(self) -> datetime | None:
        """Since when the longest waits, on whatever level."""
        return min(self.oldest.values(), default=None)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, what holds it back and how it stands; `counts` is None while the broker doesn't tell."""

    name: str
    limits: QueueLimits
    counts: QueueCounts | None


def _check_bounds(change: LimitChange) -> None:
    problems: dict[str, list[str]] = {}
    for name, (least, most) in BOUNDS.items():
        value = dict(change).get(name)
        if isinstance(value, int | float) and not least <= value <= most:
            problems[name] = [f"Must be from {least:,} to {most:,}."]
    if problems:
        raise BadLimit(fields=problems)


def _milliseconds(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(milliseconds=round(seconds * 1000))
