"""Shows workers and asks them to take nothing more, or to end. Each hears of it in the reply to its next heartbeat."""

from collections.abc import Sequence

from millrace.accounts.account import Account, Role
from millrace.errors import NotAllowed, NotFound
from millrace.queues.worker import Order, WorkerStore, WorkerView


class WorkerNotFound(NotFound):
    """There is no such worker."""

    code = "worker_not_found"


class WorkerService:
    """The workers that are registered. Safe to share between threads. All methods raise `DatabaseUnavailable`."""

    def __init__(self, store: WorkerStore) -> None:
        self._store = store

    def list(self) -> Sequence[WorkerView]:
        """Every worker, the longest running first."""
        return self._store.list_workers()

    def order(self, worker_id: str, order: Order, by: Account) -> WorkerView:
        """Ask a worker something, and show how it stands then. Asking again changes nothing.

        Raises:
            NotAllowed: The role of `by` only looks.
            WorkerNotFound: No worker of this id is registered, or none is any more.
        """
        if by.role not in (Role.OPERATOR, Role.ADMIN):
            raise NotAllowed("Your role may look at workers, but not ask anything of them.")
        self._find(
            worker_id
        )  # a text that no database holds, with a NUL in it, is no worker's id, and no failure either
        self._store.order(worker_id, order, by.id)
        return self._find(worker_id)

    def _find(self, worker_id: str) -> WorkerView:
        for worker in self._store.list_workers():
            if worker.id == worker_id:
                return worker
        raise WorkerNotFound(f"There is no worker {worker_id!r}, or it has ended.")
