"""SQLite connections whose blocking calls leave a cooperative server's loop for a real thread.

Only the calls into SQLite itself are offloaded. SQLAlchemy, its pool and its locks stay in the loop's own thread: under
a patched standard library a lock that two real threads want is never handed over, and its waiter never wakes.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from millrace.offload import Offload

_INSTANT = frozenset({"BEGIN"})
"""Statements that neither wait for a lock nor touch the disk."""


def offloaded_connection_class(offload: Offload) -> type[sqlite3.Connection]:
    """The class of connections, for `sqlite3.connect(factory=…)`, whose blocking calls go through `offload`."""
    return type("OffloadedConnection", (_Connection,), {"offload": staticmethod(offload)})


class _Connection(sqlite3.Connection):
    """Waits for locks and the disk outside the loop."""

    offload: ClassVar[Offload]

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _Cursor)

    def commit(self) -> None:
        self.offload(super().commit)

    def rollback(self) -> None:
        self.offload(super().rollback)


class _Cursor(sqlite3.Cursor):
    """Fetches all rows where it executes, so that a statement leaves the loop once."""

    connection: _Connection
    _rows: Iterator[Any] = iter(())

    def execute(self, sql: str, parameters: Any = (), /) -> "_Cursor":
        if sql in _INSTANT:
            super().execute(sql, parameters)
        else:
            self._rows = iter(self.connection.offload(lambda: self._execute(sql, parameters)))
        return self

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> "_Cursor":
        self.connection.offload(lambda: sqlite3.Cursor.executemany(self, sql, parameters))
        return self

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        wanted = self.arraysize if size is None else size
        return [row for _, row in zip(range(wanted), self._rows, strict=False)]

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def _execute(self, sql: str, parameters: Any) -> list[Any]:
        sqlite3.Cursor.execute(self, sql, parameters)
        return sqlite3.Cursor.fetchall(self)
