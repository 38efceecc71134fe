"""Showing queues, and changing what holds them back: stored first, then obeyed, whatever Redis does."""

from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from millrace.accounts.account import Role
from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.errors import BrokerUnavailable, NotAllowed, ValidationFailed
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from millrace.queues.limits import BadLimit, QueueCounts, QueueLimits
from millrace.queues.service import QueueNotFound, QueueService
from millrace.store.queue_store import SqlQueueLimitStore
from tests.factories import an_id
from tests.queues.conftest import NAMES, an_account

OPERATOR = an_account(Role.OPERATOR)
NOTHING_WAITS = QueueCounts({0: 0, 1: 0, 2: 0, 3: 0}, 0, {})


def send(line: RedisQueues, *job_ids: str, queue: str = "images") -> None:
    line.enqueue(queue, [Waiting(Delivery(job_id, 1), Priority.NORMAL, "ada") for job_id in job_ids])


def started(line: RedisQueues, queue: str = "images") -> int:
    """How many of a queue a worker with a hundred free threads is given."""
    return len(line.exchange("w", 100, [], [queue]).deliveries)


def test_every_queue_is_listed_by_name_with_its_limits_and_counts(service: QueueService, line: RedisQueues) -> None:
    send(line, "a", "b")
    service.change("images", {"concurrency": 1}, OPERATOR)
    assert started(line) == 1

    default, images = service.list()
    assert (default.name, default.limits, default.counts) == ("default", QueueLimits(), NOTHING_WAITS)
    assert (images.name, images.limits) == ("images", QueueLimits(concurrency=1, version=1))
    assert images.counts is not None
    assert (images.counts.waiting[Priority.NORMAL], images.counts.started) == (1, 1)
    assert images.counts.oldest_at is not None


def test_a_change_holds_from_the_next_start_on(service: QueueService, line: RedisQueues) -> None:
    send(line, "a", "b")
    service.change("images", {"paused": True}, OPERATOR)
    assert started(line) == 0
    service.change("images", {"paused": False}, OPERATOR)
    assert started(line) == 2


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_operators_and_admins_change_queues(service: QueueService, role: Role) -> None:
    changed = service.change("images", {"paused": True}, an_account(role))
    assert (changed.name, changed.limits, changed.counts) == (
        "images",
        QueueLimits(paused=True, version=1),
        NOTHING_WAITS,
    )


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_viewers_and_members_change_nothing(service: QueueService, store: SqlQueueLimitStore, role: Role) -> None:
    with pytest.raises(NotAllowed, match="not change them"):
        service.change("images", {"paused": True}, an_account(role))
    assert store.all() == {}


def test_an_unknown_queue_is_answered_with_those_there_are(service: QueueService, store: SqlQueueLimitStore) -> None:
    with pytest.raises(QueueNotFound, match="There are: default, images"):
        service.change("image", {"paused": True}, OPERATOR)
    assert store.all() == {}


def test_a_change_of_nothing_is_refused(service: QueueService) -> None:
    with pytest.raises(ValidationFailed, match="at least one of paused, concurrency, rate, period_seconds"):
        service.change("images", {}, OPERATOR)


def test_a_change_that_doesnt_fit_reaches_neither_sql_nor_the_line(
    service: QueueService, store: SqlQueueLimitStore, line: RedisQueues
) -> None:
    before = service.change("images", {"concurrency": 1}, OPERATOR).limits
    with pytest.raises(BadLimit):
        service.change("images", {"concurrency": 0, "paused": True}, OPERATOR)
    assert store.all() == {"images": before}
    send(line, "a", "b")
    assert started(line) == 1


def test_while_redis_is_away_limits_are_shown_without_counts(cut_off: QueueService, service: QueueService) -> None:
    limits = service.change("images", {"concurrency": 5}, OPERATOR).limits
    assert [(queue.name, queue.limits, queue.counts) for queue in cut_off.list()] == [
        ("default", QueueLimits(), None),
        ("images", limits, None),
    ]


def test_a_change_made_while_redis_is_away_holds_once_limits_are_applied(
    cut_off: QueueService, service: QueueService, line: RedisQueues
) -> None:
    with capture_logs() as logs:
        changed = cut_off.change("images", {"paused": True}, OPERATOR)
    assert (changed.limits, changed.counts) == (QueueLimits(paused=True, version=1), None)
    assert [(entry["event"], entry["queue"]) for entry in logs] == [("limit_not_told", "images")]

    send(line, "a")
    service.apply_limits()
    assert started(line) == 0


def test_applying_limits_tells_when_redis_is_away(cut_off: QueueService, service: QueueService) -> None:
    service.change("images", {"paused": True}, OPERATOR)
    with pytest.raises(BrokerUnavailable):
        cut_off.apply_limits()


class ReadEarlier:
    """Limits as a sweep read them before somebody changed them."""

    def __init__(self, read: Mapping[str, QueueLimits]) -> None:
        self._read = read

    def all(self) -> Mapping[str, QueueLimits]:
        return self._read

    def change(self, *_: object) -> QueueLimits:
        raise AssertionError("only read")


def test_limits_applied_late_undo_no_newer_change(
    service: QueueService, store: SqlQueueLimitStore, line: RedisQueues
) -> None:
    store.change("images", {"paused": True}, an_id())
    late = QueueService(NAMES, ReadEarlier(store.all()), line)
    service.change("images", {"paused": False}, OPERATOR)
    late.apply_limits()
    send(line, "a")
    assert started(line) == 1


class Silent:
    """A line that takes long not to answer; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def limit(self, *_: object) -> None:
        raise BrokerUnavailable

    def counts(self, queue: str) -> QueueCounts:
        del queue
        self.asked += 1
        raise BrokerUnavailable


def test_a_line_that_doesnt_answer_is_asked_once_a_list(store: SqlQueueLimitStore) -> None:
    line = Silent()
    QueueService(NAMES, store, line).list()
    assert line.asked == 1
