"""Numbers that stand for many."""

from collections.abc import Sequence
from math import ceil

NANOSECONDS_IN_MILLISECOND = 1_000_000


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` of all don't exceed (nearest rank)."""
    return sorted(samples)[max(0, ceil(share * len(samples)) - 1)]


def spread(samples: Sequence[float]) -> dict[str, int | float]:
    """The middle and the tail."""
    return {
        "n": len(samples),
        "p50": percentile(samples, 0.5),
        "p99": percentile(samples, 0.99),
        "max": max(samples),
    }
