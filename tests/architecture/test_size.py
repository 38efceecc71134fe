"""A file of over 300 lines, or a function of over 40, hides a seam. Whoever needs one says here why."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES_IN_FILE = 300
MOST_LINES_IN_FUNCTION = 40
INSTALLED = {"node_modules", ".venv"}

LONG_FILES: dict[str, str] = {}
"""Path: why it stays whole."""

LONG_FUNCTIONS: dict[str, str] = {
    "backend/migrations/versions/0001_first_tables.py:upgrade": "a list of tables, read from top to bottom",
}
"""Path and function, as `path:function`: why it stays whole."""


def sources(*tops: str, suffixes: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    for top in tops:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in suffixes and ".gen." not in path.name and not INSTALLED & set(path.parts):
                yield path


def functions(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_are_short_enough_to_read() -> None:
    files = [
        *sources("backend", "bench", "tests", "tools"),
        *sources("frontend/src", "e2e", suffixes=(".ts", ".tsx", ".css")),
        *sources("bench", suffixes=(".mjs",)),
        *sources("backend/millrace", suffixes=(".lua",)),
    ]
    lengths = {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    too_long = {path: length for path, length in lengths.items() if length > MOST_LINES_IN_FILE}
    assert {path: length for path, length in too_long.items() if path not in LONG_FILES} == {}
    assert set(LONG_FILES) <= set(too_long), "an exception that is no longer needed"


def test_functions_are_short_enough_to_read() -> None:
    too_long = {
        f"{file.relative_to(ROOT)}:{name}": length
        for file in sources("backend", "bench", "tests", "tools")
        for name, length in functions(file)
        if length > MOST_LINES_IN_FUNCTION
    }
    assert {name: length for name, length in too_long.items() if name not in LONG_FUNCTIONS} == {}
    assert set(LONG_FUNCTIONS) <= set(too_long), "an exception that is no longer needed"


def test_no_folder_or_file_is_a_drawer() -> None:
    drawers = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc"}
    files = sources("backend", "bench", "tests", "tools", "frontend/src", "e2e", suffixes=(".py", ".ts", ".tsx"))
    paths = [file.relative_to(ROOT) for file in files]
    assert [str(path) for path in paths if drawers & {*path.parts[:-1], path.stem.lower()}] == []
