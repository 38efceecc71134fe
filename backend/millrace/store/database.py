"""The database behind the store: connections, transactions, and one error for "it doesn't answer".

SQLite: WAL, writers take their lock at BEGIN (so none fails half-way for want of it), and the calls that block go
through the injected offload. PostgreSQL: psycopg2 waits cooperatively where the process does.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from millrace.errors import ConfigurationError, DatabaseUnavailable
from millrace.offload import Offload, run_here
from millrace.store.offloaded_sqlite import offloaded_connection_class

T = TypeVar("T")

OLDEST_SQLITE = (3, 35, 0)
POOL_SIZE = 16
BUSY_TIMEOUT_SECONDS = 5
CONNECT_TIMEOUT_SECONDS = 3
VANISHED_AFTER_MILLISECONDS = 10_000
READ_ONLY = "25006"
"""PostgreSQL's code for a write where only reading is possible."""

_BEGIN_OPTION = "millrace_begin"


class Database:
    """Runs functions inside transactions. Safe to share between threads; connects at first use."""

    def __init__(self, url: str, *, full_sync: bool = False, offload: Offload = run_here) -> None:
        """Prepare, without connecting.

        Args:
            url: `sqlite:///path` or `postgresql://…`.
            full_sync: On SQLite, survive a power loss to the last commit, at a cost per commit.
            offload: Where SQLite's blocking calls run.

        Raises:
            ConfigurationError: The URL names no database that Millrace knows.
        """
        try:
            parsed = sa.make_url(url)
        except exc.ArgumentError as error:
            raise ConfigurationError("MILLRACE_DATABASE_URL must look like sqlite:///… or postgresql://…") from error
        if parsed.get_backend_name() == "sqlite":
            self._engine = _sqlite_engine(parsed, full_sync=full_sync, offload=offload)
        elif parsed.get_backend_name() in ("postgresql", "postgres"):
            self._engine = _postgresql_engine(parsed)
        else:
            raise ConfigurationError("MILLRACE_DATABASE_URL must name sqlite or postgresql")
        self.dialect = self._engine.dialect.name

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction that only reads. A connection found broken is replaced once.

        Raises:
            DatabaseUnavailable: The database doesn't answer.
        """
        try:
            return self._transact(work, "BEGIN")
        except DatabaseUnavailable as error:
            if not _was_disconnected(error.__cause__):
                raise
        return self._transact(work, "BEGIN")

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction and commit it.

        Raises:
            DatabaseUnavailable: It doesn't answer; where the reply to COMMIT was lost, the outcome is unknown.
        """
        return self._transact(work, "BEGIN IMMEDIATE")

    def _transact(self, work: Callable[[sa.Connection], T], begin: str) -> T:
        try:
            with self._engine.connect() as connection:
                connection = connection.execution_options(**{_BEGIN_OPTION: begin})
                with connection.begin():
                    return work(connection)
        except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
            raise DatabaseUnavailable from error
        except exc.DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailable from error
            raise

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            DatabaseUnavailable: It doesn't answer.
        """
        self.read(lambda connection: connection.execute(sa.select(1)).scalar_one())

    def close(self) -> None:
        """Close idle connections."""
        self._engine.dispose()


class _HintingCompiler(SQLiteCompiler):
    """Passes `with_hint(…, "INDEXED BY …")` on, which SQLAlchemy leaves out for SQLite."""

    def get_from_hint_text(self, table: sa.FromClause, text: str | None) -> str | None:
        del table
        return text


def _was_disconnected(error: BaseException | None) -> bool:
    return isinstance(error, exc.DBAPIError) and error.connection_invalidated


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg2"),
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=BUSY_TIMEOUT_SECONDS,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": "-c timezone=UTC -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
            "application_name": "millrace",
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            # Keepalives rest while something sent waits for its receipt; then this alone finds a host that vanished.
            "tcp_user_timeout": VANISHED_AFTER_MILLISECONDS,
        },
    )

    @sa.event.listens_for(engine, "handle_error")
    def _leave_standby(context: ExceptionContext) -> None:
        # After a failover the server behind a connection may only be read: that connection is of no more use.
        if getattr(context.original_exception, "pgcode", None) == READ_ONLY:
            context.is_disconnect = True

    return engine


def _sqlite_engine(url: sa.URL, *, full_sync: bool, offload: Offload) -> sa.Engine:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise ConfigurationError(f"SQLite {sqlite3.sqlite_version} is too old: Millrace needs {oldest} or newer")
    connection_class = sqlite3.Connection if offload is run_here else offloaded_connection_class(offload)
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=BUSY_TIMEOUT_SECONDS,
        connect_args={
            "timeout": BUSY_TIMEOUT_SECONDS,
            "check_same_thread": False,
            "factory": connection_class,
        },
    )
    engine.dialect.statement_compiler = _HintingCompiler
    synchronous = "FULL" if full_sync else "NORMAL"

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        del entry
        connection.isolation_level = None  # BEGIN is sent below, not guessed by the driver
        for pragma in ("journal_mode = WAL", f"synchronous = {synchronous}", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        options: dict[str, Any] = dict(connection.get_execution_options())
        connection.exec_driver_sql(options.get(_BEGIN_OPTION, "BEGIN"))

    return engine
