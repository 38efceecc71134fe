"""What a change makes of a queue's limits, and which changes don't fit."""

from datetime import timedelta

import pytest

from millrace.queues.limits import BadLimit, LimitChange, QueueLimits

TEN_A_MINUTE = QueueLimits(paused=True, concurrency=3, rate=10, period=timedelta(minutes=1), version=7)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"paused": False}, QueueLimits(False, 3, 10, timedelta(minutes=1), 8)),
        ({"concurrency": None}, QueueLimits(True, None, 10, timedelta(minutes=1), 8)),
        ({"rate": 20}, QueueLimits(True, 3, 20, timedelta(minutes=1), 8)),
        ({"period_seconds": 0.25}, QueueLimits(True, 3, 10, timedelta(milliseconds=250), 8)),
        ({"rate": None}, QueueLimits(True, 3, None, None, 8)),
        ({"rate": None, "period_seconds": None}, QueueLimits(True, 3, None, None, 8)),
    ],
)
def test_what_isnt_named_stays_and_null_lifts(change: LimitChange, expected: QueueLimits) -> None:
    assert TEN_A_MINUTE.changed_by(change) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"concurrency": 1, "rate": 1, "period_seconds": 0.1},
        {"concurrency": 100_000, "rate": 1_000_000, "period_seconds": 86_400},
    ],
)
def test_bounds_themselves_fit(change: LimitChange) -> None:
    assert QueueLimits().changed_by(change).rate == change["rate"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 100_001}, "concurrency"),
        ({"rate": 0}, "rate"),
        ({"rate": 1_000_001}, "rate"),
        ({"period_seconds": 0.09}, "period_seconds"),
        ({"period_seconds": 86_401}, "period_seconds"),
        ({"period_seconds": 1e308}, "period_seconds"),
        ({"period_seconds": float("nan")}, "period_seconds"),
        ({"period_seconds": None}, "period_seconds"),
        ({"rate": 5, "period_seconds": None}, "period_seconds"),
        ({"rate": None, "period_seconds": 5}, "rate"),
    ],
)
def test_a_field_that_doesnt_fit_is_named(change: LimitChange, field: str) -> None:
    with pytest.raises(BadLimit) as caught:
        TEN_A_MINUTE.changed_by(change)
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(("change", "field"), [({"rate": 5}, "period_seconds"), ({"period_seconds": 5}, "rate")])
def test_a_rate_and_its_period_come_together(change: LimitChange, field: str) -> None:
    with pytest.raises(BadLimit) as caught:
        QueueLimits(concurrency=3).changed_by(change)
    assert list(caught.value.fields) == [field]


def test_every_field_out_of_bounds_is_named_at_once() -> None:
    with pytest.raises(BadLimit) as caught:
        QueueLimits().changed_by({"concurrency": 0, "rate": 0, "period_seconds": 0})
    assert set(caught.value.fields) == {"concurrency", "rate", "period_seconds"}
