"""A worker's record: a supervisor on some host and its processes, whether they live, and what they are asked to do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


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
    """A process that lives, and what it holds: deliveries, claims on their way included."""

    id: str
    held: Collection[str]
    busy: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class BeatReply:
    """What a worker hears in reply to its heartbeat.

    `forgotten` are processes among those that beat whose record is gone: what they held was taken from them.
    `cancelled` has the jobs running in each process that somebody asked to cancel.
    """

    is_quiet: bool = False
    is_stopping: bool = False
    forgotten: frozenset[str] = frozenset()
    cancelled: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """What was last heard of a process: the number of its heartbeat, and the deliveries that it held."""

    beats: int
    held: frozenset[str]


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
