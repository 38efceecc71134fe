"""The driver of `make check` and `make test` runs all, counts right, and is red when anything is."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

import check
from check import Check, Result, Terminal
from reports import Counts, from_playwright, from_pytest, from_vitest


@pytest.fixture(autouse=True)
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(check, "OUTPUT", tmp_path)
    return tmp_path


def command(name: str, source: str) -> Check:
    return Check(name, [sys.executable, "-c", source])


def run_all(*checks: Check, at_once: int = 2) -> list[Result]:
    return check.run_all(checks, at_once, lambda result: None)


def test_every_check_runs_though_one_fails() -> None:
    results = run_all(command("one", "raise SystemExit(1)"), command("two", ""), command("three", ""))
    assert [(result.name, result.ok) for result in results] == [("one", False), ("two", True), ("three", True)]


def test_output_is_shown_only_of_what_failed() -> None:
    passed, failed = run_all(command("one", "print('fine')"), command("two", "print('the reason'); exit(1)"))
    assert passed.detail == ""
    assert "the reason" in failed.detail


WAIT_FOR_THE_OTHER = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
while not other.exists():
    time.sleep(0.01)
"""


def test_two_checks_run_side_by_side(output: Path) -> None:
    files = [output / "one", output / "two"]
    script = [sys.executable, "-c", WAIT_FOR_THE_OTHER]
    results = run_all(Check("one", [*script, *files]), Check("two", [*script, *reversed(files)]))
    assert all(result.ok for result in results)


NOBODY_ELSE = """
import pathlib, sys, time
begun = pathlib.Path(sys.argv[1])
begun.mkdir()  # fails where another holds it
time.sleep(0.2)
begun.rmdir()
"""


def test_check_that_runs_alone_overlaps_with_no_other(output: Path) -> None:
    script: list[str | Path] = [sys.executable, "-c", NOBODY_ELSE, output / "held"]
    results = run_all(Check("one", script), Check("two", script, alone=True), Check("three", script))
    assert [result.detail for result in results] == ["", "", ""]


def test_command_that_does_not_exist_fails_its_check() -> None:
    (result,) = run_all(Check("one", ["./no-such-program"]))
    assert not result.ok
    assert "no-such-program" in result.detail


def test_run_that_breaks_off_before_its_report_counts_as_one_failed(output: Path) -> None:
    broken = Check("tests", [sys.executable, "-c", "exit(3)"], read=from_pytest, report=output / "none.xml")
    (result,) = run_all(broken)
    assert result.counts == Counts(failed=1)


def test_report_of_an_earlier_run_is_not_counted(output: Path) -> None:
    report = output / "old.xml"
    report.write_text("<testsuites><testsuite><testcase/></testsuite></testsuites>")
    (result,) = run_all(Check("tests", [sys.executable, "-c", ""], read=from_pytest, report=report))
    assert not result.ok


def test_run_that_fails_with_all_tests_passed_is_red(output: Path) -> None:
    report = output / "report.xml"
    source = f"open({str(report)!r}, 'w').write('<testsuites><testcase/></testsuites>'); exit(1)"
    (result,) = run_all(Check("tests", [sys.executable, "-c", source], read=from_pytest, report=report))
    assert result.counts == Counts(passed=1, failed=1)
    assert not result.ok


def test_last_line_is_the_sum_of_all_tests(capsys: pytest.CaptureFixture[str]) -> None:
    skipped = Counts(passed=2, skipped=1, reasons=Counter({"no nginx": 1}))
    Terminal().summarise([Result("one", True, 1.0, skipped), Result("two", True, 2.0, Counts(passed=3))])
    printed = capsys.readouterr().out.rstrip("\n").split("\n")
    assert printed[-1] == "5 passed, 0 failed, 1 skipped"
    assert "skipped 1: no nginx" in printed


def test_failed_lint_keeps_the_last_line_from_claiming_success(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().summarise([Result("lint", False, 1.0), Result("tests", True, 1.0, Counts(passed=3))])
    assert capsys.readouterr().out.rstrip("\n").split("\n")[-1] == "3 passed, 1 failed"


def test_pytest_report_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        "<testcase name='a'/><testcase name='b'><failure/><error/></testcase><testcase name='c'><error/></testcase>"
        "<testcase name='d'><skipped message='no nginx'/></testcase>"
        "</testsuite></testsuites>"
    )
    assert from_pytest(report) == Counts(1, 2, 1, Counter({"no nginx": 1}))


def test_vitest_report_is_counted_with_files_that_broke(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    files = [{"status": "passed", "assertionResults": [1]}, {"status": "failed", "assertionResults": []}]
    numbers = {"numPassedTests": 4, "numFailedTests": 1, "numPendingTests": 1, "numTodoTests": 1}
    report.write_text(json.dumps({**numbers, "testResults": files}))
    assert from_vitest(report) == Counts(4, 2, 2)


def test_playwright_report_is_counted_and_flaky_is_failed(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    skipped = {"tests": [{"status": "skipped", "annotations": [{"type": "skip", "description": "no camera"}]}]}
    suites = [{"specs": [], "suites": [{"specs": [skipped]}]}]
    stats = {"expected": 5, "unexpected": 1, "flaky": 1, "skipped": 1}
    report.write_text(json.dumps({"stats": stats, "suites": suites}))
    assert from_playwright(report) == Counts(5, 2, 1, Counter({"no camera": 1}))
