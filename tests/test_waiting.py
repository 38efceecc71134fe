"""wait_until returns what it waited for, and says what it saw when that never came."""

from itertools import count

import pytest

from tests.waiting import wait_until


def test_answer_is_returned_once_it_is_true() -> None:
    numbers = count()
    assert wait_until(lambda: next(numbers)) == 1


def test_time_that_is_up_tells_what_was_awaited_and_seen_last() -> None:
    with pytest.raises(AssertionError, match=r"waited 0.05 s for: a job; last seen: \[\]"):
        wait_until(list, timeout=0.05, message="a job")


def test_failed_assertion_means_not_yet() -> None:
    numbers = count()

    def third() -> bool:
        number = next(numbers)
        assert number >= 2, number
        return True

    assert wait_until(third)


def test_last_failed_assertion_is_told() -> None:
    def never() -> bool:
        raise AssertionError("3 jobs, not 4")

    with pytest.raises(AssertionError, match="3 jobs, not 4"):
        wait_until(never, timeout=0)
