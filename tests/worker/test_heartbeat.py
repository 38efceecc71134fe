"""The heartbeat: says that the worker lives, and hears what was cancelled, or that it was given up."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import pytest

from millrace.errors import DatabaseUnavailable
from millrace.jobs.events import JobChanged
from millrace.jobs.job import Delivery
from millrace.jobs.states import JobState
from millrace.queues.worker import WorkerReport
from millrace.worker.heartbeat import Heartbeat
from millrace.worker.held import HeldAttempts, StopReason
from tests.clocks import HandClock
from tests.factories import a_queued_job
from tests.waiting import wait_until

ONE = Delivery("one", 1)


@dataclass
class FakeWorkers:
    """Workers' records at their port."""

    registered: list[str] = field(default_factory=list)
    cancelled: frozenset[str] = frozenset()
    is_away: bool = False
    faults: list[Exception] = field(default_factory=list)
    beaten: int = 0
    listed: frozenset[str] = frozenset()

    def register(
        self, worker_id: str, host: str, pid: int, version: str, queues: tuple[str, ...], threads: int
    ) -> None:
        if self.is_away:
            raise DatabaseUnavailable
        self.registered.append(worker_id)

    def beat(self, worker_id: str, held: Collection[str]) -> frozenset[str] | None:
        if self.faults:
            raise self.faults.pop()
        self.beaten += 1
        self.listed = frozenset(held)
        return self.cancelled if worker_id in self.registered else None

    def deregister(self, worker_id: str) -> None:
        if worker_id in self.registered:
            self.registered.remove(worker_id)

    def beats(self) -> dict[str, int]:
        return dict.fromkeys(self.registered, 0)

    def reports(self) -> dict[str, WorkerReport]:
        return {worker_id: WorkerReport(0, self.listed) for worker_id in self.registered}


@pytest.fixture
def held(clock: HandClock) -> HeldAttempts:
    return HeldAttempts(clock)


@pytest.fixture
def workers() -> FakeWorkers:
    return FakeWorkers()


@pytest.fixture
def heartbeat(workers: FakeWorkers, held: HeldAttempts) -> Heartbeat:
    return Heartbeat("w1", frozenset({"default"}), 4, workers, held)


def test_a_worker_is_not_registered_while_the_database_is_away(heartbeat: Heartbeat, workers: FakeWorkers) -> None:
    workers.is_away = True
    assert not heartbeat.register()
    workers.is_away = False
    assert heartbeat.register()
    assert heartbeat.register()
    assert workers.registered == ["w1"]


def test_the_reply_to_a_beat_stops_what_was_cancelled(
    heartbeat: Heartbeat, workers: FakeWorkers, held: HeldAttempts
) -> None:
    heartbeat.register()
    with held.hold(ONE) as stop:
        heartbeat.beat()
        assert stop is not None
        assert stop.reason is None
        workers.cancelled = frozenset({"one"})
        heartbeat.beat()
        assert stop.reason is StopReason.CANCELLED


def test_a_beat_lists_what_is_in_hand_claims_on_their_way_included(
    heartbeat: Heartbeat, workers: FakeWorkers, held: HeldAttempts
) -> None:
    heartbeat.register()
    with held.hold(ONE):
        heartbeat.beat()
        assert workers.listed == {"one:1"}
    heartbeat.beat()
    assert workers.listed == frozenset()


def test_a_worker_that_was_given_up_lets_go_of_all_it_holds_and_begins_anew(
    heartbeat: Heartbeat, workers: FakeWorkers, held: HeldAttempts
) -> None:
    heartbeat.register()
    workers.deregister("w1")
    with held.hold(ONE) as stop:
        heartbeat.beat()
        assert stop is not None
        assert stop.reason is StopReason.LOST
    assert workers.registered == ["w1"]


def test_a_worker_beats_on_whatever_a_beat_raised(
    heartbeat: Heartbeat, workers: FakeWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.worker.heartbeat.BEAT_SECONDS", 0.01)
    workers.faults = [RuntimeError("nobody foresaw this"), DatabaseUnavailable()]
    heartbeat.register()
    heartbeat.start()
    wait_until(lambda: workers.beaten > 1, message="the worker to beat again")
    heartbeat.stop()


def test_an_announced_cancellation_counts_only_for_jobs_that_run_here(heartbeat: Heartbeat, held: HeldAttempts) -> None:
    asked = a_queued_job()
    asked = replace(asked, state=JobState.RUNNING, worker_id="w1", cancel_requested_at=asked.created_at)
    with held.hold(asked.delivery) as stop:
        assert stop is not None
        for other in (replace(asked, worker_id="w2"), replace(asked, cancel_requested_at=None)):
            heartbeat.hear(JobChanged(other))
            assert stop.reason is None
        heartbeat.hear(JobChanged(asked))
        assert stop.reason is StopReason.CANCELLED
