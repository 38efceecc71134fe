"""Many rows in one parameter: a batch travels as one JSON text and is read as a relation.

So a statement has the same text for one row and for five hundred; it is built and compiled once, and costs one round
trip. PostgreSQL reads it with `jsonb_to_recordset`, SQLite with `json_each`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from millrace.store.types import time_text

PARAMETER = "batch"


def batch_rows(dialect: str, columns: Mapping[str, sa.types.TypeEngine[Any]]) -> sa.FromClause:
    """The relation `v` with `columns`, read from the parameter `batch` (see `encode`)."""
    parameter = sa.bindparam(PARAMETER, type_=sa.Text)
    if dialect == "postgresql":
        recordset = sa.func.jsonb_to_recordset(sa.cast(parameter, postgresql.JSONB))
        values = recordset.table_valued(*(sa.column(name, kind) for name, kind in columns.items()))
        return values.render_derived("v", with_types=True)
    each = sa.func.json_each(parameter).table_valued("value", name="each")
    return sa.select(
        *(
            sa.type_coerce(sa.func.json_extract(each.c.value, f"$.{name}"), kind).label(name)
            for name, kind in columns.items()
        )
    ).subquery("v")


def encode(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The parameter that holds `rows`: ids and words as text, times as both databases read them."""
    return {PARAMETER: orjson.dumps(list(rows), default=_plain_value, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()}


def _plain_value(value: object) -> object:
    if isinstance(value, datetime):
        return time_text(value)
    raise TypeError(f"{type(value).__name__} has no place in a batch")
