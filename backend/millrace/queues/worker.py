"""A worker's record: what serves which queues, and whether it lives."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A heartbeat: its number, and the deliveries that the worker held; None where its version doesn't tell."""

    beats: int
    held: frozenset[str] | None


class WorkerStore(Protocol):
    """Keeps worker records. All methods raise `DatabaseUnavailable` where the database doesn't answer."""

    def register(
        self, worker_id: str, host: str, pid: int, version: str, queues: tuple[str, ...], threads: int
    ) -> None:
        """Add a worker that starts now."""

    def beat(self, worker_id: str, held: Collection[str]) -> frozenset[str] | None:
        """Raise the worker's counter.

        Args:
            held: The deliveries in its hands, claims on their way included.

        Returns:
            Ids of the jobs running on it that somebody asked to cancel; None where the worker was given up for lost.
        """

    def deregister(self, worker_id: str) -> None:
        """Remove a worker that holds nothing any more."""

    def beats(self) -> Mapping[str, int]:
        """The counter of every registered worker, by its id."""

    def reports(self) -> Mapping[str, WorkerReport]:
        """What every registered worker said last, by its id."""
