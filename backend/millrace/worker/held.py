"""The attempts that this process holds, and what asks them to stop."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from millrace.clock import Clock
from millrace.jobs.handler import HandlerSignal, JobCancelled, TimeLimitExceeded
from millrace.jobs.job import Delivery


class StopReason(Enum):
    """Why an attempt must end early."""

    CANCELLED = auto()
    LOST = auto()
    SHUTDOWN = auto()
    TIME_LIMIT = auto()


class AttemptStopped(HandlerSignal):
    """The worker shuts down, or the attempt was taken from it. Raised by the context; a handler lets it pass."""


class StopSignal:
    """What a running attempt looks at to learn that it must end. Written by any thread, read by the handler's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._deadline: float | None = None
        self._on_cancelled: Callable[[], None] = _nothing
        self.reason: StopReason | None = None
        self.is_abandoned = False

    def ask(self, reason: StopReason) -> None:
        """Ask the attempt to end. A cancellation outweighs other reasons."""
        is_news = self.reason is not reason
        if self.reason is None or reason is StopReason.CANCELLED:
            self.reason = reason
        if is_news and reason is StopReason.CANCELLED:
            self._on_cancelled()

    def abandon(self) -> bool:
        """Note that nobody waits for the handler any more; whether that is news."""
        was, self.is_abandoned = self.is_abandoned, True
        return not was

    def when_cancelled(self, call: Callable[[], None]) -> None:
        """Call this, in place of what was to be called, once the attempt is asked to end by a cancellation."""
        self._on_cancelled = call
        if self.reason is StopReason.CANCELLED:
            call()

    def set_time_limit(self, seconds: float) -> None:
        """Let the attempt end `seconds` from now."""
        self._deadline = self._clock.monotonic() + seconds

    def check(self) -> None:
        """Raise where the attempt must end.

        Raises:
            JobCancelled, AttemptStopped, TimeLimitExceeded: It must.
        """
        match self.pressing:
            case None:
                return
            case StopReason.CANCELLED:
                raise JobCancelled("The job was cancelled.")
            case StopReason.TIME_LIMIT:
                raise TimeLimitExceeded("The attempt ran longer than its time limit.")
            case reason:
                raise AttemptStopped(f"The attempt was stopped: {reason.name.lower()}.")

    @property
    def pressing(self) -> StopReason | None:
        """Why the attempt must end now, if it must: what was asked, or that its time is up."""
        if self.reason is None and self._deadline is not None and self._clock.monotonic() > self._deadline:
            return StopReason.TIME_LIMIT
        return self.reason


def _nothing() -> None:
    """Nobody wants to know."""


class HeldAttempts:
    """What this process has in hand, from before the claim until after the settlement. Shared between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._signals: dict[Delivery, StopSignal] = {}
        self._is_closing = False

    @contextmanager
    def hold(self, delivery: Delivery) -> Iterator[StopSignal | None]:
        """Hold an attempt for as long as the block lasts; None where this process holds it already."""
        signal = self._add(delivery)
        try:
            yield signal
        finally:
            if signal is not None:
                self._remove(delivery)

    def deliveries(self) -> frozenset[str]:
        """What is in hand, claims on their way included."""
        with self._lock:
            return frozenset(map(str, self._signals))

    def cancel(self, job_ids: Collection[str]) -> None:
        """Tell those attempts of `job_ids` that are held here that somebody cancelled their job."""
        with self._lock:
            for delivery, signal in self._signals.items():
                if delivery.job_id in job_ids:
                    signal.ask(StopReason.CANCELLED)

    def are_abandoned(self) -> bool:
        """Whether nothing is in hand but attempts that were settled without their handlers."""
        with self._lock:
            return all(signal.is_abandoned for signal in self._signals.values())

    def give_up(self) -> None:
        """Ask all to stop, because they were taken from this worker."""
        with self._lock:
            self._ask_all(StopReason.LOST)

    def shut_down(self) -> None:
        """Ask all to stop, and those that come as well."""
        with self._lock:
            self._is_closing = True
            self._ask_all(StopReason.SHUTDOWN)

    def __len__(self) -> int:
        return len(self._signals)

    def _add(self, delivery: Delivery) -> StopSignal | None:
        with self._lock:
            if delivery in self._signals:
                return None
            signal = StopSignal(self._clock)
            if self._is_closing:
                signal.ask(StopReason.SHUTDOWN)
            self._signals[delivery] = signal
            return signal

    def _remove(self, delivery: Delivery) -> None:
        with self._lock:
            del self._signals[delivery]

    def _ask_all(self, reason: StopReason) -> None:
        for signal in self._signals.values():
            signal.ask(reason)
