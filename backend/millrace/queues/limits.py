"""What holds a queue back, and how a queue stands: values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from millrace.errors import ValidationFailed


class BadLimit(ValidationFailed):
    """A limit of a queue must be a whole number above zero, and a rate needs its period."""

    code = "bad_limit"


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


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many wait on each level, how many have started and aren't acknowledged, and since when the first waits."""

    waiting: Mapping[int, int]
    started: int
    oldest_at: datetime | None
