"""The heartbeat: speaks for the processes that live, and passes on what was cancelled, taken away or ordered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from millrace.errors import DatabaseUnavailable
from millrace.queues.worker import BeatReply, NewWorker, Order, ProcessBeat, ProcessReport, WorkerView
from millrace.worker.heartbeat import Heartbeat
from tests.waiting import wait_until

A_WORKER = NewWorker("w1", "mill", 41, "0", "3", ("default",), 2, 4)


@dataclass
class FakeWorkers:
    """Workers' records at their port."""

    records: set[str] = field(default_factory=lambda: {"w1", "w1.1", "w1.2"})
    reply: BeatReply = field(default_factory=BeatReply)
    faults: list[Exception] = field(default_factory=list)
    beaten: list[list[str]] = field(default_factory=list)

    def register(self, worker: NewWorker) -> None:
        self.records.add(worker.id)

    def add_process(self, worker_id: str, process_id: str, pid: int) -> None:
        self.records.add(process_id)

    def beat(self, worker_id: str, memory_bytes: int, processes: Sequence[ProcessBeat]) -> BeatReply | None:
        if self.faults:
            raise self.faults.pop()
        if worker_id not in self.records:
            return None
        ids = [one.id for one in processes]
        self.beaten.append(ids)
        forgotten = frozenset(ids) - self.records
        return BeatReply(self.reply.quiet_by, self.reply.is_stopping, forgotten, self.reply.cancelled)

    def deregister(self, member_id: str) -> None:
        self.records.discard(member_id)

    def beats(self) -> Mapping[str, int]:
        raise NotImplementedError

    def reports(self) -> Mapping[str, ProcessReport]:
        raise NotImplementedError

    def list_workers(self) -> Sequence[WorkerView]:
        raise NotImplementedError

    def order(self, worker_id: str, order: Order, by: str) -> bool:
        raise NotImplementedError


@dataclass
class FakeMember:
    """A process that has begun."""

    id: str
    pid: int = 7
    is_alive: bool = True
    cancelled: frozenset[str] = frozenset()
    given_up: int = 0

    def ask(self) -> None: ...

    def beat(self, timeout_seconds: float) -> ProcessBeat | None:
        return ProcessBeat(self.id, [], 0, 1) if self.is_alive else None

    def cancel(self, job_ids: frozenset[str]) -> None:
        self.cancelled |= job_ids

    def give_up(self) -> None:
        self.given_up += 1


@pytest.fixture
def workers() -> FakeWorkers:
    return FakeWorkers()


@pytest.fixture
def members() -> list[FakeMember]:
    return [FakeMember("w1.1"), FakeMember("w1.2")]


@pytest.fixture
def orders() -> list[str]:
    return []


@pytest.fixture
def heartbeat(workers: FakeWorkers, members: list[FakeMember], orders: list[str]) -> Heartbeat:
    return Heartbeat(
        A_WORKER,
        workers,
        lambda: members,
        lambda: 1,
        on_quiet=lambda: orders.append("quiet"),
        on_stop=lambda: orders.append("stop"),
    )


def test_a_process_that_gives_no_sign_of_life_is_left_out(
    heartbeat: Heartbeat, workers: FakeWorkers, members: list[FakeMember]
) -> None:
    members[0].is_alive = False
    heartbeat.beat()
    members[0].is_alive = True
    heartbeat.beat()
    assert workers.beaten == [["w1.2"], ["w1.1", "w1.2"]]


def test_the_reply_stops_what_was_cancelled_where_it_runs(
    heartbeat: Heartbeat, workers: FakeWorkers, members: list[FakeMember]
) -> None:
    workers.reply = BeatReply(cancelled={"w1.2": frozenset({"one"})})
    heartbeat.beat()
    assert [member.cancelled for member in members] == [frozenset(), {"one"}]


def test_a_process_that_was_given_up_lets_go_of_all_it_holds_and_is_registered_anew(
    heartbeat: Heartbeat, workers: FakeWorkers, members: list[FakeMember]
) -> None:
    workers.deregister("w1.1")
    heartbeat.beat()
    assert [member.given_up for member in members] == [1, 0]
    assert workers.records == {"w1", "w1.1", "w1.2"}


def test_a_worker_that_was_given_up_registers_itself_and_its_processes_anew(
    heartbeat: Heartbeat, workers: FakeWorkers, members: list[FakeMember]
) -> None:
    workers.records.clear()
    heartbeat.beat()
    assert [member.given_up for member in members] == [1, 1]
    assert workers.records == {"w1", "w1.1", "w1.2"}


def test_orders_are_passed_on(heartbeat: Heartbeat, workers: FakeWorkers, orders: list[str]) -> None:
    workers.reply = BeatReply(quiet_by="ada")
    heartbeat.beat()
    heartbeat.beat()
    assert orders == ["quiet"]
    workers.reply = BeatReply(quiet_by="ada", is_stopping=True)
    heartbeat.beat()
    assert orders == ["quiet", "stop"]


def test_a_worker_beats_on_whatever_a_beat_raised(
    heartbeat: Heartbeat, workers: FakeWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.worker.heartbeat.BEAT_SECONDS", 0.01)
    workers.faults = [RuntimeError("nobody foresaw this"), DatabaseUnavailable()]
    heartbeat.start()
    wait_until(lambda: len(workers.beaten) > 1, message="the worker to beat again")
    heartbeat.stop()
