"""The pause before another attempt grows, is capped, and is spread."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.jobs.retry import RetryPolicy

POLICY = RetryPolicy(first_pause=timedelta(seconds=10), longest_pause=timedelta(minutes=5))


@pytest.mark.parametrize(("failures", "seconds"), [(1, 10), (2, 20), (3, 40), (6, 300), (60, 300)])
def test_the_longest_pause_doubles_until_it_is_capped(failures: int, seconds: float) -> None:
    assert POLICY.pause_after(failures, draw=1) == timedelta(seconds=seconds)


@given(st.integers(1, 1_000), st.floats(0, 1, exclude_max=True))
def test_a_pause_lies_between_half_and_all_of_the_longest(failures: int, draw: float) -> None:
    longest = POLICY.pause_after(failures, draw=1)
    assert longest / 2 <= POLICY.pause_after(failures, draw) <= longest
