"""Column types and time expressions that mean the same on SQLite and PostgreSQL.

Times come from the database's clock. On SQLite they are text of fixed width in UTC, so that they compare as text; a
PostgreSQL session runs in UTC, so that the same text is read as the same moment.
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState


class Id(sa.types.TypeDecorator[str]):
    """A UUID, as canonical text in Python: 16 bytes on PostgreSQL, the text itself on SQLite."""

    impl = sa.String(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=False))
        return dialect.type_descriptor(sa.String(36))


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware moment, in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(sa.types.TypeDecorator[Any]):
    """JSON that SQL only carries. Text keeps the order of keys and the exact numbers."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        del dialect
        return None if value is None else json.loads(value)


class StateWord(sa.types.TypeDecorator[JobState]):
    """A job's state, as its word."""

    impl = sa.String(9)
    cache_ok = True

    def process_bind_param(self, value: JobState | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> JobState | None:
        del dialect
        return None if value is None else JobState(value)


class PriorityLevel(sa.types.TypeDecorator[Priority]):
    """A priority, as its level."""

    impl = sa.SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Priority | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Priority | None:
        del dialect
        return None if value is None else Priority(value)


class utc_now(FunctionElement[datetime]):
    """The database's present."""

    type = UtcDateTime()
    inherit_cache = True


class seconds_from_now(FunctionElement[datetime]):
    """The database's present, moved by a number of seconds (below zero: into the past)."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(utc_now, "postgresql")
def _utc_now_postgresql(element: utc_now, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return "statement_timestamp()"


@compiles(utc_now, "sqlite")
def _utc_now_sqlite(element: utc_now, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


@compiles(seconds_from_now, "postgresql")
def _seconds_from_now_postgresql(element: seconds_from_now, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"statement_timestamp() + make_interval(secs => CAST({seconds} AS DOUBLE PRECISION))"


@compiles(seconds_from_now, "sqlite")
def _seconds_from_now_sqlite(element: seconds_from_now, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', CAST({seconds} AS TEXT) || ' seconds')"


def time_text(moment: datetime) -> str:
    """`moment` as both databases read it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def to_json(value: object) -> str:
    """`value` as compact JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical_id(text: str) -> str | None:
    """`text` as a canonical UUID, or None where it isn't one: such a thing isn't in any table."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def storable(text: str) -> str:
    """`text` without what no database holds: NUL goes, lone surrogates become question marks."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
