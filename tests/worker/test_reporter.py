"""What attempts say is thinned and batched on its way, and the last word always arrives."""

import threading

import pytest

from millrace.worker.reporter import (
    LINES_WRITTEN_EVERY_SECONDS,
    LOG_IS_FULL,
    MOST_LINES_AT_ONCE,
    PROGRESS_STORED_EVERY_SECONDS,
    AttemptReport,
    Reporter,
)
from millrace.worker.words import MOST_LINE_LENGTH, MOST_LINES
from tests.clocks import HandClock
from tests.factories import a_queued_job
from tests.waiting import wait_until
from tests.worker.conftest import FakeTold


def test_progress_between_two_sends_is_announced_once_and_the_newest_counts(
    report: AttemptReport, told: FakeTold
) -> None:
    for step in range(100):
        report.tell(step / 100, f"step {step}")
    report.send()
    report.send()
    assert [(step.seq, step.fraction, step.message) for step in told.announced] == [(100, 0.99, "step 99")]


def test_progress_is_stored_at_most_once_a_second_and_the_last_in_any_case(
    report: AttemptReport, told: FakeTold, clock: HandClock
) -> None:
    for step in range(10):
        report.tell(step / 10, "")
        report.send()
        clock.seconds += 0.1
    assert [step.seq for step in told.stored] == [1]
    assert [step.seq for step in told.announced] == list(range(1, 11))
    report.finish()
    assert [step.seq for step in told.stored] == [1, 10]


def test_progress_of_a_handler_that_falls_silent_is_stored_later(
    report: AttemptReport, told: FakeTold, clock: HandClock
) -> None:
    for fraction in (0.1, 0.2):
        report.tell(fraction, "")
        report.send()
    assert report.is_pending
    clock.seconds += PROGRESS_STORED_EVERY_SECONDS
    report.send()
    assert told.stored[-1].fraction == 0.2
    assert not report.is_pending


@pytest.mark.parametrize(
    ("said", "known"),
    [(-1, 0.0), (0.5, 0.5), (7, 1.0), (None, None), (float("nan"), None), (float("inf"), None), (True, 1.0)],
)
def test_a_fraction_is_between_nothing_and_all_or_unknown(
    report: AttemptReport, told: FakeTold, said: float | None, known: float | None
) -> None:
    report.tell(said, "")
    report.send()
    assert told.announced[0].fraction == known


def test_lines_are_written_in_batches_in_the_order_of_their_numbers(
    report: AttemptReport, told: FakeTold, clock: HandClock
) -> None:
    for number in range(MOST_LINES_AT_ONCE + 50):
        report.write("info", f"line {number}")
    report.send()
    assert [len(batch) for batch in told.batches] == [MOST_LINES_AT_ONCE, 50]
    assert [line.seq for line in told.lines] == list(range(1, MOST_LINES_AT_ONCE + 51))
    report.write("info", "soon")
    report.send()
    assert len(told.batches) == 2
    clock.seconds += LINES_WRITTEN_EVERY_SECONDS
    report.send()
    assert told.lines[-1].message == "soon"


def test_a_log_has_an_end_and_says_so(report: AttemptReport, told: FakeTold) -> None:
    for _ in range(MOST_LINES + 100):
        report.write("info", "again")
    report.finish()
    assert len(told.lines) == MOST_LINES + 1
    assert (told.lines[-1].level, told.lines[-1].message) == ("warning", LOG_IS_FULL)


def test_a_line_is_cut_and_made_fit_for_any_database(report: AttemptReport, told: FakeTold) -> None:
    report.write("info", "x" * 10_000)
    report.write("info", "nul \x00 and half a \ud83d smile")
    report.finish()
    assert len(told.lines[0].message) == MOST_LINE_LENGTH
    assert told.lines[1].message == "nul � and half a � smile"


def test_what_an_absent_database_did_not_take_is_written_when_it_is_back(
    report: AttemptReport, told: FakeTold, clock: HandClock
) -> None:
    told.is_away = True
    report.tell(0.5, "half")
    report.write("info", "kept")
    report.finish()
    assert [step.message for step in told.announced] == ["half"]
    assert report.is_pending
    told.is_away = False
    clock.seconds += 2
    report.send()
    assert not report.is_pending
    assert [line.message for line in told.lines] == ["kept"]


class BrokenTold(FakeTold):
    """Fails as nobody foresaw."""

    def write_logs(self, lines: object) -> None:
        raise ValueError("a bug")


def test_words_that_cannot_be_written_are_dropped_and_do_not_fail_the_attempt(clock: HandClock) -> None:
    report = AttemptReport(a_queued_job(), BrokenTold(), clock, threading.Event())
    report.write("info", "lost")
    report.finish()
    assert not report.is_pending


def test_one_thread_sends_for_all_and_forgets_what_has_ended(told: FakeTold, clock: HandClock) -> None:
    reporter = Reporter(told, clock)
    reporter.start()
    reports = [reporter.open(a_queued_job()) for _ in range(3)]
    for report in reports:
        report.tell(0.5, "half")
    wait_until(lambda: len(told.stored) == 3)
    for report in reports:
        report.finish()
    wait_until(lambda: not reporter._reports)
    reporter.close()


def test_closing_sends_what_is_left(told: FakeTold, clock: HandClock) -> None:
    reporter = Reporter(told, clock)
    reporter.start()
    reporter.open(a_queued_job()).write("info", "last words")
    reporter.close()
    assert [line.message for line in told.lines] == ["last words"]
