"""Group commit: operations that arrive together are written together, in one transaction.

There is no timer and no thread. Whoever finds nobody writing becomes the leader and writes what has gathered; whoever
comes meanwhile waits, and one of those is appointed the next leader when the batch is committed. So a lone operation
waits for nobody, and under load the batches grow by themselves.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from millrace.errors import DatabaseUnavailable, MillraceError

MAX_ROWS = 500
MAX_BYTES = 4 * 1024 * 1024
PAUSES_SECONDS = (0.02, 0.1, 0.4)
"""Pauses before a batch is written again: for a deadlock, a busy database, a connection that broke."""

PATIENCE_SECONDS = 4.0
"""A batch that fails later than this is given up: its callers have waited for a lock as long as one writing may."""


class Operation(Protocol):
    """One caller's wish: about one job, of a certain size."""

    @property
    def job_id(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...


OperationT = TypeVar("OperationT", bound=Operation)
AnswerT = TypeVar("AnswerT")


class BatchAborted(MillraceError):
    """The batch that this was part of came to an unexpected end; its outcome is unknown."""

    code = "batch_aborted"


class _Ticket(Generic[OperationT, AnswerT]):
    """An operation, and the place where its caller waits."""

    def __init__(self, operation: OperationT) -> None:
        self.operation = operation
        self.woken = threading.Event()
        self.answer: AnswerT | None = None
        self.error: Exception | None = None
        self.answered = False

    def settle(self, answer: "AnswerT | Exception") -> None:
        if isinstance(answer, Exception):
            self.error = answer
        else:
            self.answer = answer
        self.answered = True
        self.woken.set()


class GroupCommit(Generic[OperationT, AnswerT]):
    """Gathers operations and writes them in batches. Safe to share between threads; repeats only what may be repeated.

    A batch holds at most one operation per job, `MAX_ROWS` operations and about `MAX_BYTES`.
    """

    def __init__(
        self,
        write_batch: Callable[[Sequence[OperationT]], Sequence[AnswerT]],
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Args:
        write_batch: Writes and commits a batch, and answers each operation in its place. Must be repeatable.
        patience_seconds: For how long a batch may be begun again.
        """
        self._write_batch = write_batch
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._waiting: list[_Ticket[OperationT, AnswerT]] = []
        self._led = False

    def run(self, operation: OperationT) -> AnswerT:
        """Write `operation` and return its answer after the commit.

        Raises:
            DatabaseUnavailable: It could not be committed, or whether it was is unknown; it may be repeated.
            Exception: This very operation can't be stored.
        """
        ticket: _Ticket[OperationT, AnswerT] = _Ticket(operation)
        with self._lock:
            self._waiting.append(ticket)
            leads, self._led = not self._led, True
        if not leads:
            ticket.woken.wait()
        if not ticket.answered:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.answer  # type: ignore[return-value]  # answered without an error

    def _lead(self) -> None:
        """Write one batch, then hand over. A leader stands first in line, so its own operation is in that batch."""
        with self._lock:
            batch = self._take_batch()
        try:
            answers = self._write([ticket.operation for ticket in batch])
            for ticket, answer in zip(batch, answers, strict=True):
                ticket.settle(answer)
        finally:
            for ticket in batch:
                if not ticket.answered:
                    ticket.settle(BatchAborted())
            self._hand_over()

    def _hand_over(self) -> None:
        with self._lock:
            self._led = bool(self._waiting)
            if self._waiting:
                self._waiting[0].woken.set()

    def _take_batch(self) -> list[_Ticket[OperationT, AnswerT]]:
        batch: list[_Ticket[OperationT, AnswerT]] = []
        left: list[_Ticket[OperationT, AnswerT]] = []
        job_ids: set[str] = set()
        size_bytes = 0
        for ticket in self._waiting:
            operation = ticket.operation
            full = len(batch) >= MAX_ROWS or (batch and size_bytes + operation.size_bytes > MAX_BYTES)
            if full or operation.job_id in job_ids:
                left.append(ticket)
                continue
            batch.append(ticket)
            job_ids.add(operation.job_id)
            size_bytes += operation.size_bytes
        self._waiting = left
        return batch

    def _write(self, operations: Sequence[OperationT]) -> Sequence[AnswerT | Exception]:
        try:
            return self._write_patiently(operations)
        except DatabaseUnavailable as error:
            return [error] * len(operations)
        except Exception as error:  # noqa: BLE001 (handed to the caller whose operation it is)
            # One operation spoils the batch, whatever is wrong with it: halve it until only the culprit is left.
            if len(operations) == 1:
                return [error]
            middle = len(operations) // 2
            return [*self._write(operations[:middle]), *self._write(operations[middle:])]

    def _write_patiently(self, operations: Sequence[OperationT]) -> Sequence[AnswerT]:
        give_up_at = time.monotonic() + self._patience_seconds
        for pause_seconds in PAUSES_SECONDS:
            try:
                return self._write_batch(operations)
            except DatabaseUnavailable:
                if time.monotonic() >= give_up_at:
                    raise
                time.sleep(pause_seconds)
        return self._write_batch(operations)
