"""What a process holds, and how it is asked to stop."""

import pytest

from millrace.jobs.handler import HandlerSignal, JobCancelled, TimeLimitExceeded
from millrace.jobs.job import Delivery
from millrace.worker.held import AttemptStopped, HeldAttempts, StopReason, StopSignal
from tests.clocks import HandClock

ONE, TWO = Delivery("one", 1), Delivery("two", 1)


@pytest.fixture
def held(clock: HandClock) -> HeldAttempts:
    return HeldAttempts(clock)


def test_an_attempt_is_held_once_and_until_its_block_ends(held: HeldAttempts) -> None:
    with held.hold(ONE) as first, held.hold(ONE) as second:
        assert first is not None
        assert second is None
        assert len(held) == 1
    assert len(held) == 0


def test_a_cancellation_reaches_the_attempts_of_its_job_alone(held: HeldAttempts) -> None:
    with held.hold(ONE) as one, held.hold(TWO) as two:
        assert one is not None
        assert two is not None
        held.cancel({"one", "elsewhere"})
        two.check()
        with pytest.raises(JobCancelled):
            one.check()


def test_a_shutdown_reaches_what_is_held_and_what_comes(held: HeldAttempts) -> None:
    with held.hold(ONE) as one:
        assert one is not None
        held.shut_down()
        with held.hold(TWO) as two:
            assert one.reason is StopReason.SHUTDOWN
            assert two is not None
            with pytest.raises(AttemptStopped):
                two.check()


def test_what_was_taken_away_is_asked_to_stop_and_what_comes_is_not(held: HeldAttempts) -> None:
    with held.hold(ONE) as one:
        held.give_up()
        with held.hold(TWO) as two:
            assert one is not None
            assert two is not None
            assert one.reason is StopReason.LOST
            two.check()


def test_a_cancellation_outweighs_other_reasons(clock: HandClock) -> None:
    signal = StopSignal(clock)
    signal.ask(StopReason.SHUTDOWN)
    signal.ask(StopReason.CANCELLED)
    signal.ask(StopReason.LOST)
    assert signal.reason is StopReason.CANCELLED


def test_time_is_up_when_the_limit_has_passed_and_not_before(clock: HandClock) -> None:
    signal = StopSignal(clock)
    signal.set_time_limit(10)
    clock.seconds = 10
    signal.check()
    clock.seconds = 10.1
    with pytest.raises(TimeLimitExceeded):
        signal.check()


def test_all_that_stops_an_attempt_is_a_signal_that_handlers_let_pass() -> None:
    assert issubclass(AttemptStopped, HandlerSignal)
