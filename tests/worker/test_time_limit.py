"""An attempt is told in its log that its time is running out, and only then."""

import pytest

from millrace.jobs.handler import TimeLimitExceeded
from millrace.jobs.outcome import Completed, Outcome
from millrace.worker.alarms import Alarms
from millrace.worker.middleware.time_limit import time_limit_with
from millrace.worker.running import RunningAttempt
from tests.clocks import HandClock
from tests.waiting import wait_until
from tests.worker.conftest import FakeTold, StartAttempt


def test_the_log_says_before_the_end_how_much_is_left(start: StartAttempt, told: FakeTold) -> None:
    alarms = Alarms()

    def handler(attempt: RunningAttempt) -> Outcome:
        def warned() -> bool:
            attempt.report.send()
            return bool(told.lines)

        wait_until(warned)
        return Completed()

    assert time_limit_with(alarms)(start(time_limit_seconds=1.0), handler) == Completed()
    alarms.close()
    assert [(line.level, line.message) for line in told.lines] == [
        ("warning", "The time limit of 1 second ends in 0.2 seconds.")
    ]


def test_an_attempt_that_ends_in_time_hears_nothing(start: StartAttempt, told: FakeTold) -> None:
    alarms = Alarms()
    time_limit = time_limit_with(alarms)
    attempt = start(time_limit_seconds=0.05)
    time_limit(attempt, lambda _attempt: Completed())
    alarms.set(0.1, lambda: attempt.report.write("info", "later"))
    wait_until(lambda: attempt.report.is_pending)
    attempt.report.finish()
    alarms.close()
    assert [line.message for line in told.lines] == ["later"]


def test_checkpoints_end_the_attempt_once_its_time_is_up(start: StartAttempt, clock: HandClock) -> None:
    alarms = Alarms()

    def handler(attempt: RunningAttempt) -> Outcome:
        attempt.context.checkpoint()
        clock.seconds = 600.1
        attempt.context.checkpoint()
        return Completed()

    with pytest.raises(TimeLimitExceeded):
        time_limit_with(alarms)(start(time_limit_seconds=600.0), handler)
    alarms.close()
