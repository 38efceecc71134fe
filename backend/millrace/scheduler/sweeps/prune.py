"""Forgets what has been kept long enough: finished jobs, their files by a second step, and what crashes leave behind.

The kinds of leftovers take turns, a page each, until none has a full page left. Nothing here is urgent, so pages are
small (on SQLite all who write wait for one) and every rest is longer than the page before it took.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from millrace.clock import Clock
from millrace.jobs.states import JobState
from millrace.settings import Settings

PAGE = 20
"""A few milliseconds, where jobs have logs of usual length."""

RESTS_PER_PAGE = 4.0
SHORTEST_REST_SECONDS = 0.01
REST_AT_THE_END_SECONDS = 60.0
LEFT_BEHIND_FOR = timedelta(days=1)

log = structlog.get_logger(__name__)


class Jobs(Protocol):
    """What this sweep asks of the jobs service."""

    def prune(self, state: JobState, older_than: timedelta, limit: int) -> int: ...


class Files(Protocol):
    """What this sweep asks of the file service."""

    def remove_discarded(self, limit: int) -> int: ...
    def remove_abandoned(self, before: datetime, limit: int) -> int: ...


class Accounts(Protocol):
    """What this sweep asks of the account service."""

    def forget_sessions(self, expired_for: timedelta, limit: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Leftovers:
    """One kind of what may go. `remove` takes a page of at most so many; how many there were."""

    name: str
    remove: Callable[[int], int]


class Prune:
    """Removes a page at a time."""

    name = "prune"

    def __init__(self, leftovers: Sequence[Leftovers], clock: Clock) -> None:
        self._leftovers = leftovers
        self._clock = clock
        self._turns: deque[Leftovers] = deque()
        self._removed: Counter[str] = Counter()

    @classmethod
    def of(cls, jobs: Jobs, files: Files, accounts: Accounts, settings: Settings, clock: Clock) -> "Prune":
        """With everything that is kept for a time."""
        finished = [
            Leftovers(f"jobs_{state}", partial(jobs.prune, state, kept)) for state, kept in kept_for(settings).items()
        ]
        return cls(
            [
                *finished,
                Leftovers("files", files.remove_discarded),
                Leftovers("half_files", lambda limit: files.remove_abandoned(clock.utc_now() - LEFT_BEHIND_FOR, limit)),
                Leftovers("sessions", partial(accounts.forget_sessions, LEFT_BEHIND_FOR)),
            ],
            clock,
        )

    def run_once(self) -> float:
        """Remove a page of whatever is next; how many seconds to rest before the next."""
        if not self._turns:
            self._turns.extend(self._leftovers)
        turn = self._turns.popleft()  # whatever comes of it, so that one that fails is in no other's way
        start = self._clock.monotonic()
        removed = turn.remove(PAGE)
        self._removed[turn.name] += removed
        if removed == PAGE:
            self._turns.append(turn)
        elif count := self._removed.pop(turn.name):
            log.info("pruned", what=turn.name, count=count)
        return rest_after(self._clock.monotonic() - start, is_at_the_end=not self._turns)


def kept_for(settings: Settings) -> Mapping[JobState, timedelta]:
    """How long jobs are kept, by the state they ended in."""
    return {
        JobState.COMPLETED: settings.keep_completed,
        JobState.FAILED: settings.keep_failed,
        JobState.CANCELLED: settings.keep_cancelled,
    }


def rest_after(page_seconds: float, *, is_at_the_end: bool) -> float:
    """A page that took long met a busy database, or much to remove: either way others come first."""
    return REST_AT_THE_END_SECONDS if is_at_the_end else max(RESTS_PER_PAGE * page_seconds, SHORTEST_REST_SECONDS)
