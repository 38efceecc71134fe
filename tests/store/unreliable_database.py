"""The real database, as bad as told: a writer dies in the middle, never hears that it committed, or takes its time."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

import sqlalchemy as sa

from millrace.errors import DatabaseUnavailable
from millrace.store.database import Database
from tests.waiting import wait_until

T = TypeVar("T")


@dataclass(frozen=True)
class Crash:
    """The writer is gone after so many statements of its transaction, before the COMMIT in any case."""

    after_statements: int


@dataclass(frozen=True)
class ReplyLost:
    """The transaction is committed, and nobody hears of it."""


@dataclass(frozen=True)
class Slow:
    """The transaction begins late, so that others gather behind it."""

    until: Callable[[], bool]


Fault = Crash | ReplyLost | Slow


class UnreliableDatabase(Database):
    """A `Database` whose next transactions meet `faults`, one each; then all is well again."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.faults: deque[Fault] = deque()
        self.unheard = 0
        """How many transactions were committed without a reply."""

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, Crash):
            return super().write(lambda connection: _crash(connection, work, fault.after_statements))
        if isinstance(fault, Slow):
            wait_until(fault.until)
        answer = super().write(work)
        if isinstance(fault, ReplyLost):
            self.unheard += 1
            raise DatabaseUnavailable
        return answer


def _crash(connection: sa.Connection, work: Callable[[sa.Connection], T], after_statements: int) -> T:
    numbers = count(1)

    def look(*_: object) -> None:
        if next(numbers) > after_statements:
            raise DatabaseUnavailable

    sa.event.listen(connection, "before_cursor_execute", look)
    work(connection)
    raise DatabaseUnavailable
