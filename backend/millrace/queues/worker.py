"""A worker's record: what serves which queues, and whether it lives."""

from collections.abc import Mapping
from typing import Protocol


class WorkerStore(Protocol):
    """Keeps worker records. All methods raise `DatabaseUnavailable` where the database doesn't answer."""

    def register(
        self, worker_id: str, host: str, pid: int, version: str, queues: tuple[str, ...], threads: int
    ) -> None:
        """Add a worker that starts now."""

    def beat(self, worker_id: str) -> frozenset[str] | None:
        """Raise the worker's counter.

        Returns:
            Ids of the jobs running on it that somebody asked to cancel; None where the worker was given up for lost.
        """

    def deregister(self, worker_id: str) -> None:
        """Remove a worker that holds nothing any more."""

    def beats(self) -> Mapping[str, int]:
        """The counter of every registered worker, by its id."""
