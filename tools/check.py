"""Run the checks of `make check` or `make test` two at a time, then say what ran.

Each check's output goes to var/check/; it is shown when the check fails. The last line is the sum of the
tests of pytest, vitest and Playwright; a check without tests (lint, types, …) that fails counts as one failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from chromium import NoChromium, chromium
from reports import Counts, from_playwright, from_pytest, from_vitest

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
OUTPUT = ROOT / "var" / "check"
AT_ONCE = 2
SLOW = "postgresql or flow or faults"
# About half of the time, so that the two halves can run side by side.
INTERFACES = ("tests/api", "tests/realtime")
TYPES_CACHE = ("--incremental", "--tsBuildInfoFile", "node_modules/.cache/types.tsbuildinfo")
# ESLint remembers per file, and a rule that looks at types may depend on another: only `make check` trusts it.
ESLINT_CACHE = ("--cache", "--cache-strategy", "content", "--cache-location", "node_modules/.cache/eslint")


@dataclass(frozen=True)
class Check:
    """One command. Where it runs tests, `read` counts them in the report it writes."""

    name: str
    command: Sequence[str | Path]
    folder: Path = ROOT
    environment: Callable[[], dict[str, str]] = dict
    read: Callable[[Path], Counts] | None = None
    report: Path = Path()
    alone: bool = False  # times things, or needs both cores

    @property
    def log(self) -> Path:
        return OUTPUT / f"{self.name.replace(' ', '-').lower()}.log"


@dataclass(frozen=True)
class Result:
    name: str
    ok: bool
    seconds: float
    counts: Counts | None = None
    detail: str = ""


def run(check: Check) -> Result:
    begun = time.monotonic()
    check.report.unlink(missing_ok=True) if check.read else None
    try:
        environment = {**os.environ, **check.environment(), "NO_COLOR": "1"}
        environment.pop("FORCE_COLOR", None)
        with check.log.open("w", encoding="utf-8") as log:
            code = subprocess.run(
                check.command, cwd=check.folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, check=False,
            ).returncode  # fmt: skip
        detail = check.log.read_text(encoding="utf-8", errors="replace")
    except (NoChromium, OSError) as failure:
        code, detail = 1, str(failure)
    counts = count(check, code == 0)
    failed = code != 0 or (counts is not None and counts.failed > 0)
    return Result(check.name, not failed, time.monotonic() - begun, counts, detail if failed else "")


def count(check: Check, succeeded: bool) -> Counts | None:
    """What the report says; a run that broke off before it could count a failure counts as one."""
    if check.read is None:
        return None
    try:
        counts = check.read(check.report)
    except (OSError, ValueError, KeyError, SyntaxError):
        return Counts(failed=1)
    return counts if succeeded or counts.failed else counts + Counts(failed=1)


def run_all(checks: Sequence[Check], at_once: int, show: Callable[[Result], None]) -> list[Result]:
    """Start checks in their order, so many at once; one that runs alone waits for the others to end."""
    waiting, results = list(checks), []
    running: dict[Future[Result], Check] = {}
    with ThreadPoolExecutor(at_once) as pool:
        while waiting or running:
            while waiting and may_start(waiting[0], list(running.values()), at_once):
                check = waiting.pop(0)
                running[pool.submit(run, check)] = check
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                del running[future]
                results.append(future.result())
                show(results[-1])
    order = [check.name for check in checks]
    return sorted(results, key=lambda result: order.index(result.name))


def may_start(check: Check, running: Sequence[Check], at_once: int) -> bool:
    if not running:
        return True
    return len(running) < at_once and not check.alone and not any(other.alone for other in running)


def python_tests(name: str, marks: str, *where: str) -> Check:
    report = OUTPUT / f"{name.replace(' ', '-').lower()}.xml"
    command: list[str | Path] = [BIN / "pytest", "-q", "-m", marks, f"--junitxml={report}", *where]
    return Check(name, command, read=from_pytest, report=report)


def npm(name: str, folder: str, script: str, *options: str) -> Check:
    return Check(name, ["npm", "run", "--silent", script, "--", *options], ROOT / folder)


def vitest() -> Check:
    report = OUTPUT / "vitest.json"
    reporters = ["--reporter=default", "--reporter=json", f"--outputFile.json={report}"]
    command = ["npm", "run", "--silent", "test", "--", *reporters]
    return Check("Vitest", command, ROOT / "frontend", read=from_vitest, report=report)


def playwright() -> Check:
    report = OUTPUT / "playwright.json"

    def environment() -> dict[str, str]:
        return {"CHROME_PATH": str(chromium(os.environ)), "PLAYWRIGHT_JSON_OUTPUT_FILE": str(report)}

    command = ["node_modules/.bin/playwright", "test", "--reporter=list,json"]
    folder = ROOT / "e2e"
    return Check("Playwright", command, folder, environment, from_playwright, report, alone=True)


def quick_checks(lint_options: Sequence[str] = ESLINT_CACHE) -> list[Check]:
    """The slow ones first, so that the two lanes end together."""
    settings = "backend/pyproject.toml"
    return [
        python_tests("Pytest of interfaces", f"not ({SLOW})", *INTERFACES),
        npm("Frontend lint", "frontend", "lint", *lint_options),
        Check("Python types", [BIN / "mypy", "--config-file", settings, "backend/millrace", "bench", "tests", "tools"]),
        python_tests("Pytest of the rest", f"not ({SLOW})", "tests", *(f"--ignore={part}" for part in INTERFACES)),
        npm("Frontend types", "frontend", "typecheck", *TYPES_CACHE),
        vitest(),
        Check("Contract files", [BIN / "python", "tools/contract.py", "check"]),
        npm("Frontend format", "frontend", "format:check"),
        npm("Browser test code", "e2e", "check"),
        Check("Python contracts", [BIN / "lint-imports", "--no-logo", "--config", settings]),
        Check("Python lint", [BIN / "ruff", "check", "."]),
        Check("Python format", [BIN / "ruff", "format", "--check", "."]),
    ]


def all_checks() -> list[Check]:
    return [
        *quick_checks(lint_options=()),
        npm("First load size", "frontend", "check:size"),
        Check("Chromium", [BIN / "python", "tools/chromium.py"]),
        # Side by side: both wait far more than they compute.
        python_tests("Pytest of faults", "faults", "tests/faults"),
        python_tests("Pytest with servers", f"({SLOW}) and not faults", "tests"),
        playwright(),
    ]


@dataclass
class Terminal:
    """What a person sees: a line per check as it ends, its output where it failed, a table at the end."""

    begun: float = field(default_factory=time.monotonic)

    def show(self, result: Result) -> None:
        print(f"{'✓' if result.ok else '✗'} {result.name} ({result.seconds:.1f} s)", flush=True)
        if result.detail:
            indented = "\n".join(f"    {line}" for line in result.detail.rstrip().splitlines()[-400:])
            print(indented, flush=True)

    def summarise(self, results: Sequence[Result]) -> None:
        width = max(len(result.name) for result in results)
        print(f"\n{'':{width}}  {'result':>6}  {'passed':>6}  {'failed':>6}  {'skipped':>7}  {'seconds':>7}")
        for result in results:
            counts = result.counts
            numbers = (counts.passed, counts.failed, counts.skipped) if counts else ("", "", "")
            row = f"{numbers[0]:>6}  {numbers[1]:>6}  {numbers[2]:>7}  {result.seconds:>7.1f}"
            print(f"{result.name:{width}}  {'ok' if result.ok else 'FAILED':>6}  {row}")
        total = sum((counted(result) for result in results), Counts())
        for reason, times in total.reasons.items():
            print(f"skipped {times}: {reason}")
        print(f"All in {time.monotonic() - self.begun:.0f} s\n")
        skipped = f", {total.skipped} skipped" if total.skipped else ""
        print(f"{total.passed} passed, {total.failed} failed{skipped}", flush=True)


def counted(result: Result) -> Counts:
    return result.counts or Counts(failed=0 if result.ok else 1)


def main(arguments: Sequence[str]) -> int:
    goals = {"check": quick_checks, "test": all_checks}
    if len(arguments) != 1 or arguments[0] not in goals:
        print(__doc__)
        return 2
    OUTPUT.mkdir(parents=True, exist_ok=True)
    terminal = Terminal()
    try:
        results = run_all(goals[arguments[0]](), AT_ONCE, terminal.show)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    terminal.summarise(results)
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
