"""How an attempt ends: what a handler raises, and what becomes of the job."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest

from millrace.errors import DatabaseUnavailable, ValidationFailed
from millrace.jobs.handler import JobCancelled, PermanentFailure, RetryLater, TimeLimitExceeded
from millrace.jobs.job import MAX_ERROR_LENGTH
from millrace.jobs.outcome import MAX_TRACEBACK_LENGTH, Completed, Failed, Outcome, RetriedLater, Yielded
from millrace.jobs.retry import RetryPolicy
from millrace.worker.held import StopReason
from millrace.worker.middleware.retry import retry_by
from millrace.worker.running import RunningAttempt
from tests.worker.conftest import StartAttempt

POLICY = RetryPolicy(first_pause=timedelta(seconds=8), longest_pause=timedelta(seconds=60))
retry = retry_by({"sleep": POLICY})


def raising(error: BaseException) -> Callable[[RunningAttempt], NoReturn]:
    def handler(_attempt: RunningAttempt) -> NoReturn:
        raise error

    return handler


def failed(outcome: Outcome) -> Failed:
    assert isinstance(outcome, Failed)
    return outcome


def test_what_the_handler_returns_passes_through(start: StartAttempt) -> None:
    assert retry(start(), lambda _attempt: Completed({"a": 1})) == Completed({"a": 1})


def test_an_error_is_retried_after_the_pause_of_its_type(start: StartAttempt) -> None:
    outcome = retry(start(failures=1, max_attempts=3), raising(ValueError("no such colour")))
    assert isinstance(outcome, RetriedLater)
    assert timedelta(seconds=8) <= outcome.pause <= timedelta(seconds=16)
    assert (outcome.error.code, outcome.error.type) == ("handler_error", "ValueError")
    assert outcome.error.message == "no such colour"
    assert "test_retry.py" in (outcome.error.traceback or "")
    assert "middleware/retry.py" not in (outcome.error.traceback or "")


def test_an_error_in_the_last_attempt_fails_the_job(start: StartAttempt) -> None:
    outcome = failed(retry(start(failures=2, max_attempts=3), raising(ValueError("no"))))
    assert outcome.error.code == "handler_error"


def test_a_permanent_failure_fails_at_once_with_the_code_it_names(start: StartAttempt) -> None:
    outcome = failed(retry(start(), raising(PermanentFailure("The picture is broken.", code="bad_image"))))
    assert (outcome.error.code, outcome.error.message) == ("bad_image", "The picture is broken.")
    assert outcome.error.traceback is None


def test_a_handler_that_asks_for_later_decides_the_pause(start: StartAttempt) -> None:
    outcome = retry(start(), raising(RetryLater(timedelta(minutes=7), "Too many requests.", code="throttled")))
    assert isinstance(outcome, RetriedLater)
    assert (outcome.pause, outcome.error.code) == (timedelta(minutes=7), "throttled")


def test_asking_for_later_in_the_last_attempt_fails_the_job(start: StartAttempt) -> None:
    asked = raising(RetryLater(timedelta(minutes=7), "Too many requests."))
    assert failed(retry(start(max_attempts=1), asked)).error.code == "retry_later"


def test_time_that_is_up_fails_the_job_and_says_how_long_it_had(start: StartAttempt) -> None:
    outcome = failed(retry(start(time_limit_seconds=600.0), raising(TimeLimitExceeded())))
    assert outcome.error.code == "time_limit"
    assert outcome.error.message == "It ran longer than its time limit of 10 minutes."


@pytest.mark.parametrize("reason", [StopReason.CANCELLED, StopReason.SHUTDOWN, StopReason.LOST])
def test_an_attempt_that_was_asked_to_stop_costs_no_failure(start: StartAttempt, reason: StopReason) -> None:
    def handler(attempt: RunningAttempt) -> Outcome:
        attempt.stop.ask(reason)
        attempt.context.checkpoint()
        return Completed()

    assert retry(start(), handler) == Yielded()


def test_a_handler_that_claims_to_be_cancelled_without_being_so_has_failed(start: StartAttempt) -> None:
    assert isinstance(retry(start(), raising(JobCancelled("really"))), RetriedLater)


def test_leaving_the_process_is_a_failure_like_any_other(start: StartAttempt) -> None:
    def handler(_attempt: RunningAttempt) -> Outcome:
        sys.exit(3)

    outcome = retry(start(), handler)
    assert isinstance(outcome, RetriedLater)
    assert outcome.error.type == "SystemExit"


def test_an_error_of_ours_keeps_its_code_and_one_of_the_payload_is_not_retried(start: StartAttempt) -> None:
    away = retry(start(), raising(DatabaseUnavailable()))
    assert isinstance(away, RetriedLater)
    assert away.error.code == "database_unavailable"
    assert failed(retry(start(), raising(ValidationFailed()))).error.code == "validation_failed"


def test_an_error_without_words_is_told_by_its_kind(start: StartAttempt) -> None:
    assert failed(retry(start(max_attempts=1), raising(KeyError()))).error.message == "KeyError"


def test_endless_words_and_endless_recursion_are_cut_to_what_a_row_holds(start: StartAttempt) -> None:
    def handler(attempt: RunningAttempt) -> Outcome:
        try:
            return handler(attempt)
        except RecursionError as error:
            raise ValueError("x" * 100_000 + "\x00\ud800") from error

    error = failed(retry(start(max_attempts=1), handler)).error
    assert len(error.message) == MAX_ERROR_LENGTH
    assert error.traceback is not None
    assert len(error.traceback) <= MAX_TRACEBACK_LENGTH
    error.traceback.encode()


def test_an_error_that_cannot_say_what_it_is_still_ends_its_attempt(start: StartAttempt) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert failed(retry(start(max_attempts=1), raising(Mute()))).error.message == "Mute"
