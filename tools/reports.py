"""How many tests passed, failed and were skipped: read from what pytest, vitest and Playwright write."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.reasons + other.reasons,
        )


def from_pytest(report: Path) -> Counts:
    """Read JUnit XML. A test that fails and then fails again in its teardown counts once."""
    passed, failed, reasons = 0, 0, Counter[str]()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif skipped is not None:
            reasons[skipped.get("message", "")] += 1
        else:
            passed += 1
    return Counts(passed, failed, reasons.total(), reasons)


def from_vitest(report: Path) -> Counts:
    numbers = json.loads(report.read_text(encoding="utf-8"))
    skipped = numbers["numPendingTests"] + numbers["numTodoTests"]
    broken_files = sum(
        1 for file in numbers["testResults"] if file["status"] == "failed" and not file["assertionResults"]
    )
    return Counts(numbers["numPassedTests"], numbers["numFailedTests"] + broken_files, skipped)


def from_playwright(report: Path) -> Counts:
    """A test that passed only when repeated (flaky) counts as failed."""
    document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    numbers = document["stats"]
    failed = numbers["unexpected"] + numbers["flaky"]
    reasons = Counter(
        note.get("description", "")
        for spec in specs(document["suites"])
        for test in spec["tests"]
        if test["status"] == "skipped"
        for note in test["annotations"][:1]
    )
    return Counts(numbers["expected"], failed, numbers["skipped"], reasons)


def specs(suites: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [spec for suite in suites for spec in [*suite.get("specs", []), *specs(suite.get("suites", []))]]
