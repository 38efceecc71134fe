"""Shows queues and changes what holds them back: SQL first, which is the truth, then the line, which obeys.

A change that the line doesn't hear of is repaired by the scheduler, so a broker that is away fails no change.
"""

from collections.abc import Sequence

import structlog

from millrace.accounts.account import Account, Role
from millrace.errors import BrokerUnavailable, NotAllowed, NotFound, ValidationFailed
from millrace.queues.limits import BOUNDS, LimitChange, Queue, QueueCounts, QueueLimits
from millrace.queues.ports import QueueLimitStore, QueueLine

log = structlog.get_logger(__name__)


class QueueNotFound(NotFound):
    """There is no such queue."""

    code = "queue_not_found"


class QueueService:
    """The queues that some job type uses. Safe to share between threads."""

    def __init__(self, names: frozenset[str], store: QueueLimitStore, line: QueueLine) -> None:
        self._names = names
        self._store = store
        self._line = line

    def list(self) -> Sequence[Queue]:
        """Every queue, by name. Its counts are None from where on the broker doesn't answer.

        Raises:
            DatabaseUnavailable: The limits can't be told.
        """
        limits = self._store.all()
        counts = self._counts()
        return [Queue(name, limits.get(name, QueueLimits()), counts.get(name)) for name in sorted(self._names)]

    def change(self, name: str, change: LimitChange, by: Account) -> Queue:
        """Change what holds a queue back. When this returns, it is stored.

        Raises:
            NotAllowed: The role of `by` only looks.
            QueueNotFound: No job type uses this queue.
            ValidationFailed: There is nothing to change.
            BadLimit: The change doesn't fit; names the fields.
            DatabaseUnavailable: Whether it was stored is unknown.
        """
        if by.role not in (Role.OPERATOR, Role.ADMIN):
            raise NotAllowed("Your role may look at queues, but not change them.")
        if name not in self._names:
            raise QueueNotFound(f"There is no queue {name!r}. There are: {', '.join(sorted(self._names))}.")
        if not change:
            raise ValidationFailed(f"There is nothing to change. Name at least one of paused, {', '.join(BOUNDS)}.")
        limits = self._store.change(name, change, by.id)
        return Queue(name, limits, self._tell(name, limits))

    def apply_limits(self) -> None:
        """Tell the line all limits there are. What it knows in a newer version stays as it is.

        Raises:
            DatabaseUnavailable, BrokerUnavailable: Some weren't told.
        """
        for name, limits in self._store.all().items():
            self._line.limit(name, limits)

    def _tell(self, name: str, limits: QueueLimits) -> QueueCounts | None:
        try:
            self._line.limit(name, limits)
            return self._line.counts(name)
        except BrokerUnavailable as error:
            log.warning("limit_not_told", queue=name, version=limits.version, reason=str(error))
            return None

    def _counts(self) -> dict[str, QueueCounts]:
        counts: dict[str, QueueCounts] = {}
        try:
            for name in sorted(self._names):
                counts[name] = self._line.counts(name)
        except BrokerUnavailable as error:  # each further question could take as long as this one
            log.warning("counts_unknown", reason=str(error))
        return counts
