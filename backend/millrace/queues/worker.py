"""A worker's record: a supervisor on some host and its processes, whether they live, and what they are asked to do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol

LOST_AFTER_SECONDS = 6.0
"""How long a worker may be silent before it counts as lost. Three heartbeats."""

WorkerState = Literal["running", "quiet", "stopping", "silent"]
"""It takes jobs, was asked to take nothing more, was asked to end, or was silent for so long that it counts as lost."""


@dataclass(frozen=True, slots=True)
class NewWorker:
    """A worker that starts. `threads` are those of each process."""

    id: str
    host: str
    pid: int
    version: str
    python: str
    queues: tuple[str, ...]
    processes: int
    threads: int


@dataclass(frozen=True, slots=True)
class ProcessBeat:
    """A process that lives, and what it holds: deliveries, claims on their way included. None where it didn't say."""

    id: str
    held: Collection[str] | None
    busy: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class BeatReply:
    """What a worker hears in reply to its heartbeat.

    `quiet_by` is who asked it to take nothing more, if somebody did.
    `forgotten` are processes among those that beat whose record is gone: what they held was taken from them.
    `cancelled` has the jobs running in each process that somebody asked to cancel.
    """

    quiet_by: str | None = None
    is_stopping: bool = False
    forgotten: frozenset[str] = frozenset()
    cancelled: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """What was last heard of a process: the number of its heartbeat, and the deliveries that it held, if it said."""

    beats: int
    held: frozenset[str] | None


class Order(StrEnum):
    """What a worker may be asked: to take nothing more, or to end as well."""

    QUIET = "quiet"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process of a worker, for whoever looks after workers."""

    id: str
    pid: int
    started_at: datetime
    silent_for: timedelta
    busy: int
    memory_bytes: int
    held: Sequence[str]


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker as it was last heard. `silent_for` is measured by the database's clock."""

    id: str
    host: str
    pid: int
    version: str
    python: str
    queues: tuple[str, ...]
    processes_wanted: int
    threads: int
    started_at: datetime
    silent_for: timedelta
    memory_bytes: int
    quiet_requested_at: datetime | None
    quiet_requested_by: str | None
    stop_requested_at: datetime | None
    stop_requested_by: str | None
    processes: Sequence[ProcessView]

    @property
    def state(self) -> WorkerState:
        """What it does, as far as anybody here knows."""
        if self.silent_for > timedelta(seconds=LOST_AFTER_SECONDS):
            return "silent"
        if self.stop_requested_at is not None:
            return "stopping"
        return "running" if self.quiet_requested_at is None else "quiet"

    @property
    def busy(self) -> int:
        """How many jobs its processes run."""
        return sum(process.busy for process in self.processes)

    @property
    def capacity(self) -> int:
        """How many jobs it runs at once when all of its processes are there."""
        return self.processes_wanted * self.threads

    @property
    def memory_bytes_in_all(self) -> int:
        """What it uses itself and what its processes use."""
        return self.memory_bytes + sum(process.memory_bytes for process in self.processes)


class WorkerStore(Protocol):
    """Keeps worker records. All methods raise `DatabaseUnavailable` where the database doesn't answer."""

    def register(self, worker: NewWorker) -> None:
        """Add a worker; again changes nothing."""

    def add_process(self, worker_id: str, process_id: str, pid: int) -> None:
        """Add a process, before it takes anything; again changes nothing."""

    def beat(self, worker_id: str, memory_bytes: int, processes: Sequence[ProcessBeat]) -> BeatReply | None:
        """Raise the counters of a worker and of those of its processes that live.

        Returns:
            What the worker is asked; None where its own record is gone, so that it must register again.
        """

    def deregister(self, member_id: str) -> None:
        """Remove a process or a worker that holds nothing any more."""

    def beats(self) -> Mapping[str, int]:
        """The counter of every worker and of every process, by its id."""

    def reports(self) -> Mapping[str, ProcessReport]:
        """What every process said last, by its id."""

    def list_workers(self) -> Sequence[WorkerView]:
        """Every worker there is, the longest running first."""

    def order(self, worker_id: str, order: Order, by: str) -> bool:
        """Ask a worker something; whether there is such a worker. Asking again changes nothing."""
