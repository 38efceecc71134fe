"""How a database goes about the statements that it is sent."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from millrace.store.database import Database


def plans_of(database: Database, ask: Callable[[], object]) -> list[str]:
    """The plan of each statement that `ask` sends, as the database tells it afterwards."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            sent.append((statement, parameters))

    sa.event.listen(database._engine, "before_cursor_execute", note)
    ask()
    sa.event.remove(database._engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"

    def plans(connection: sa.Connection) -> list[str]:
        told = (connection.exec_driver_sql(f"{explain} {sql}", values) for sql, values in sent)
        return ["\n".join(row[-1] for row in plan) for plan in told]

    return database.read(plans)
