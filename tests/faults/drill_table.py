"""The drill's table: for the terminal, and as Markdown with the machine and the versions it was made with."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.broker.machine import machine
from tests.faults.drill import RECOVERED_SECONDS, Row

BEGIN, END = "<!-- drill: written by make drill -->", "<!-- end of drill -->"
HEAD = (
    "fault", "database", "submitted", "ended", "lost", "stuck", "begun twice", "beyond allowed", "recovered s",
    "all ended s", "remark",
)  # fmt: skip
WORDS = (0, 1, len(HEAD) - 1)
"""Columns that aren't numbers."""

LEGEND = (
    "Lost: told to be there, and not there. Stuck: not ended. Begun twice: jobs whose handler began more than once, as "
    "after a rescue. Beyond allowed: attempts that began more than once. Recovered: from the end of the fault, or the "
    "kill, until a job submitted at that moment has ended, and every job that ran when it struck; "
    f"promised within {RECOVERED_SECONDS:g} s. All ended: the same for every job, those that waited or came later, too."
)


def cells(row: Row) -> tuple[str, ...]:
    counts = (row.submitted, row.ended, row.lost, row.stuck, row.started_twice, row.beyond)
    times = (row.recovered_seconds, row.all_ended_seconds)
    seconds = ("never" if time is None else f"{time:.1f}" for time in times)
    return (row.fault, row.database, *(f"{count:,}" for count in counts), *seconds, row.remark)


def aligned(rows: Sequence[Row]) -> list[str]:
    """Lines for a terminal."""
    table = [HEAD, *map(cells, rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD))]
    return [
        "  ".join(
            cell.ljust(width) if column in WORDS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    ]


def markdown(rows: Sequence[Row]) -> str:
    """The same for a page."""
    ruler = ["-" if column in WORDS else "-:" for column in range(len(HEAD))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (HEAD, ruler, *map(cells, rows)))


def origin(form: str, postgresql: str) -> str:
    """When, on what machine and with which versions."""
    at = machine()
    facts = (
        f"{at['cores']} × {at['cpu']}", at["system"], at["redis"], f"SQLite {sqlite3.sqlite_version}", postgresql,
        f"Python {at['python']}", f"Millrace {at['commit']}",
    )  # fmt: skip
    return f"{today()}, {form} form: {', '.join(str(fact) for fact in facts if fact)}."


def write(rows: Sequence[Row], form: str, postgresql: str, folder: Path, page: Path | None) -> Path:
    """Write the table to `folder`, and to the marked section of `page`."""
    where, table = origin(form, postgresql), markdown(rows)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"drill-{today()}.md"
    file.write_text(f"{where}\n\n{LEGEND}\n\n{table}\n", encoding="utf-8")
    if page is not None:
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        page.write_text(f"{before}{BEGIN}\n{where}\n\n{table}\n{END}{after}", encoding="utf-8")
    return file


def today() -> str:
    return datetime.now(UTC).date().isoformat()
