"""Lock files pin every package by hash and name no registry, so that they work wherever packages come from."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_LOCKS = [*sorted((ROOT / "backend").glob("requirements*.txt")), ROOT / "bench" / "requirements.txt"]
NODE_LOCKS = [ROOT / folder / "package-lock.json" for folder in ("frontend", "e2e", "bench")]


def by_path(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("lock", [*PYTHON_LOCKS, *NODE_LOCKS], ids=by_path)
def test_lock_names_no_registry(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert re.findall(r'"resolved"|--(?:extra-)?index-url|--find-links|^-[if] ', text, re.MULTILINE) == []
    if lock.suffix == ".txt":
        assert "://" not in text


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=by_path)
def test_every_python_package_is_pinned_by_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
    assert [entry for entry in entries if not re.match(r"[\w.-]+(\[[\w,]+\])?==\S+[^\n]*\\\n +--hash=", entry)] == []


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=by_path)
def test_every_node_package_is_pinned_by_hash(lock: Path) -> None:
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=by_path)
def test_node_lock_is_complete_for_every_system(lock: Path) -> None:
    """`npm ci` refuses a lock that lacks the builds for other systems; an override to another version may cure it."""
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    there = {name.rpartition("node_modules/")[2] for name in packages}
    wanted = {
        optional: name.rpartition("node_modules/")[2]
        for name, package in packages.items()
        for optional in package.get("optionalDependencies", {})
    }
    assert {optional: by for optional, by in wanted.items() if optional not in there} == {}


def test_developer_lock_holds_the_same_versions_as_the_runtime_lock() -> None:
    runtime, developer = (pins(ROOT / "backend" / name) for name in ("requirements.txt", "requirements-dev.txt"))
    assert runtime <= developer


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^[\w.-]+==[^ ;]+", lock.read_text(encoding="utf-8"), re.MULTILINE))
