"""What queues need of a database and of the broker, as protocols."""

from collections.abc import Mapping
from typing import Protocol

from millrace.queues.limits import LimitChange, QueueCounts, QueueLimits


class QueueLimitStore(Protocol):
    """Keeps the limits of queues. Both methods raise `DatabaseUnavailable` where the database doesn't answer."""

    def all(self) -> Mapping[str, QueueLimits]:
        """The limits of every queue that was ever changed, by its name."""

    def change(self, queue: str, change: LimitChange, by: str) -> QueueLimits:
        """Make a change to what is stored, and tell what it came to. Of changes made at once none is lost.

        Args:
            by: The id of the account that asks for it.

        Raises:
            BadLimit: It doesn't fit, by itself or with what is stored.
        """


class QueueLine(Protocol):
    """Where deliveries stand in line. Both methods raise `BrokerUnavailable` where it doesn't answer."""

    def limit(self, queue: str, limits: QueueLimits) -> None:
        """Replace the limits of a queue, unless newer ones are known."""

    def counts(self, queue: str) -> QueueCounts:
        """How a queue stands."""
