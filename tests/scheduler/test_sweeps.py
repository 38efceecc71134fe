"""Promoting and resending: page by page, resting only where nothing more is to be done."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from millrace.jobs.ports import QueuedMark
from millrace.scheduler.sweeps import promote_due, resend_unsent
from millrace.scheduler.sweeps.promote_due import PromoteDue
from millrace.scheduler.sweeps.resend_unsent import ResendUnsent

MARK = QueuedMark(datetime(2026, 1, 1, tzinfo=UTC), "a-job")


class FakeJobs:
    """Answers each sweep with what the test prepared, and remembers what was asked."""

    def __init__(self, promoted: Sequence[int] = (), pages: Sequence[tuple[QueuedMark | None, int]] = ()) -> None:
        self._promoted = iter(promoted)
        self._pages = iter(pages)
        self.asked_after: list[QueuedMark | None] = []

    def promote_due(self, limit: int) -> int:
        return min(next(self._promoted), limit)

    def resend_unsent(
        self, after: QueuedMark | None, settled_for: timedelta, limit: int
    ) -> tuple[QueuedMark | None, int]:
        self.asked_after.append(after)
        return next(self._pages)


def test_promotion_goes_on_at_once_while_pages_are_full() -> None:
    sweep = PromoteDue(FakeJobs(promoted=[5_000, promote_due.PAGE - 1, 0]))
    assert [sweep.run_once() for _ in range(3)] == [0, promote_due.REST_SECONDS, promote_due.REST_SECONDS]
    assert promote_due.REST_SECONDS <= 1


def test_resending_goes_through_all_pages_and_then_begins_anew() -> None:
    jobs = FakeJobs(pages=[(MARK, 0), (None, 0), (MARK, 0)])
    sweep = ResendUnsent(jobs)
    rests = [sweep.run_once() for _ in range(3)]
    assert jobs.asked_after == [None, MARK, None]
    assert rests[:2] == [resend_unsent.REST_BETWEEN_PAGES_SECONDS, resend_unsent.REST_AT_THE_END_SECONDS]


def test_resending_does_not_rest_while_jobs_are_missing() -> None:
    sweep = ResendUnsent(FakeJobs(pages=[(MARK, 1_000)]))
    assert sweep.run_once() == 0
