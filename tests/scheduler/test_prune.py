"""Pruning: every kind of leftovers in turn, a page each, with rests that leave the database to others."""

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from millrace.scheduler.sweeps.prune import (
    PAGE,
    REST_AT_THE_END_SECONDS,
    RESTS_PER_PAGE,
    SHORTEST_REST_SECONDS,
    Leftovers,
    Prune,
)
from tests.clocks import HandClock


@dataclass
class Pile:
    """So much of one kind; removing a page takes a while, by the test's clock."""

    name: str
    size: int
    clock: HandClock
    page_seconds: float = 0.0
    pages: list[int] = field(default_factory=list)

    def remove(self, limit: int) -> int:
        removed = min(self.size, limit)
        self.size -= removed
        self.pages.append(removed)
        self.clock.seconds += self.page_seconds
        return removed


def sweep_over(*piles: Pile) -> Prune:
    return Prune([Leftovers(pile.name, pile.remove) for pile in piles], piles[0].clock)


def test_kinds_take_turns_so_that_a_long_one_keeps_none_waiting() -> None:
    clock = HandClock()
    long, short = Pile("long", 3 * PAGE, clock), Pile("short", 5, clock)
    sweep = sweep_over(long, short)
    for _ in range(2):
        sweep.run_once()
    assert (long.pages, short.pages) == ([PAGE], [5])
    rests = [sweep.run_once() for _ in range(3)]
    assert long.pages == [PAGE, PAGE, PAGE, 0]
    assert rests == [SHORTEST_REST_SECONDS, SHORTEST_REST_SECONDS, REST_AT_THE_END_SECONDS]


def test_after_a_long_rest_all_kinds_are_looked_at_again() -> None:
    clock = HandClock()
    piles = [Pile("one", 0, clock), Pile("another", 0, clock)]
    sweep = sweep_over(*piles)
    assert [sweep.run_once() for _ in range(4)] == [SHORTEST_REST_SECONDS, REST_AT_THE_END_SECONDS] * 2
    assert [pile.pages for pile in piles] == [[0, 0], [0, 0]]


def test_a_page_that_took_long_is_followed_by_a_longer_rest() -> None:
    pile = Pile("slow", 10 * PAGE, HandClock(), page_seconds=0.5)
    assert sweep_over(pile).run_once() == 0.5 * RESTS_PER_PAGE
    assert RESTS_PER_PAGE > 1


def test_a_kind_that_fails_is_in_no_others_way() -> None:
    def fail(_limit: int) -> int:
        raise OSError("the folder is gone")

    pile = Pile("sound", 5, HandClock())
    sweep = Prune([Leftovers("broken", fail), Leftovers(pile.name, pile.remove)], pile.clock)
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            sweep.run_once()
        assert sweep.run_once() == REST_AT_THE_END_SECONDS
    assert pile.pages == [5, 0]


def test_what_went_is_told_once_a_kind_is_through() -> None:
    clock = HandClock()
    sweep = sweep_over(Pile("much", PAGE + 7, clock), Pile("nothing", 0, clock))
    with capture_logs() as logs:
        for _ in range(5):
            sweep.run_once()
    assert [(line["event"], line["what"], line["count"]) for line in logs] == [("pruned", "much", PAGE + 7)]
