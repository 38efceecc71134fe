"""The fetcher: all that passes between one worker process and the queues.

It owns the permits, one for each thread that may run something. One thread exchanges: it acknowledges what is done and
takes as much as there are free permits, in one call, so under load acknowledgements and fetches gather while the last
call is on its way. Another listens while permits are free and the queues gave no more: it blocks until something can
start. What is taken has a thread waiting for it; whatever hasn't is in no one's hands.

A call whose reply was lost may have taken something, and Redis may forget. So after each loss, and now and then
besides, the bookings on this worker are compared with what is in hand.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.clock import Clock
from millrace.errors import BrokerUnavailable
from millrace.jobs.job import Delivery

LISTEN_SECONDS = 1.0
"""Below the socket's timeout. A wake-up that was lost with its connection delays a start by no more than this."""

AUDIT_SECONDS = 10.0
PAUSE_AFTER_LOSS_SECONDS = 0.5
END_SECONDS = 5.0

log = structlog.get_logger(__name__)

HandOver = Callable[[str, Delivery], None]
"""Gives a queue's delivery to whoever runs it. It must not block, and not raise."""


@dataclass(frozen=True, slots=True)
class _Errand:
    """What one call is to do."""

    done: Sequence[Delivery]
    unstarted: Sequence[Delivery]
    wanted: int


class Fetcher:
    """Takes deliveries for one worker process. `start` once, `close` once; the rest is for any thread."""

    def __init__(
        self,
        queues: RedisQueues,
        worker_id: str,
        permits: int,
        queue_names: Iterable[str],
        hand_over: HandOver,
        clock: Clock,
    ) -> None:
        self._queues = queues
        self._worker_id = worker_id
        self._permits = permits
        self._names = sorted(queue_names)
        self._hand_over = hand_over
        self._clock = clock

        # The lock of all three conditions guards what follows. Each condition wakes its own waiter alone: under load
        # every acknowledgement would otherwise wake the listener as well.
        self._lock = threading.Lock()
        self._has_errand = threading.Condition(self._lock)
        self._may_listen = threading.Condition(self._lock)
        self._has_ended = threading.Condition(self._lock)
        self._busy: dict[Delivery, str] = {}  # and the queue of each
        self._done: list[Delivery] = []
        self._unstarted: list[Delivery] = []
        self._may_look = True  # something may have come since the last look at the queues
        self._is_asking = False
        self._opens_at: float | None = None
        self._is_taking = True
        self._is_closing = False
        self._turned_at = clock.monotonic()

        # These belong to the exchanging thread.
        self._is_lost = False
        self._audit_at = clock.monotonic() + AUDIT_SECONDS

        self._exchanging = threading.Thread(target=self._exchange_until_closed, name="fetcher", daemon=True)
        self._listening = threading.Thread(target=self._listen_until_closed, name="fetcher-listener", daemon=True)

    def start(self) -> None:
        """Begin to take."""
        self._exchanging.start()
        self._listening.start()

    def acknowledge(self, delivery: Delivery) -> None:
        """Say that a delivery was worked on. Its permit is free at once, its slot when Redis has heard of it."""
        with self._lock:
            self._busy.pop(delivery, None)
            self._done.append(delivery)
            self._has_errand.notify()
            self._has_ended.notify_all()

    def return_unstarted(self, deliveries: Iterable[Delivery]) -> None:
        """Send deliveries back to the head of their level."""
        with self._lock:
            for delivery in deliveries:
                self._busy.pop(delivery, None)
                self._unstarted.append(delivery)
            self._has_errand.notify()
            self._has_ended.notify_all()

    def is_stalled(self, seconds: float) -> bool:
        """Whether it should take, and hasn't turned for so long: a fault, since an idle one turns every second."""
        with self._lock:
            is_due = self._is_taking and len(self._busy) < self._permits
            return is_due and self._clock.monotonic() - self._turned_at > seconds

    def stop_taking(self) -> None:
        """Take nothing more. What a call that is on its way brings goes back."""
        with self._lock:
            self._is_taking = False

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Wait until all that was taken has been acknowledged or returned; whether that is so."""
        with self._lock:
            return self._has_ended.wait_for(lambda: not self._busy and not self._is_asking, timeout_seconds)

    def close(self) -> None:
        """Tell Redis what is done, and let go of the rest: what runs on is refused to others by the claim.

        Where Redis doesn't answer, what is booked on this worker is left to whoever looks after lost ones. The listener
        ends by itself, when it has waited its second.
        """
        with self._lock:
            self._is_taking, self._is_closing = False, True
            self._has_errand.notify()
            self._may_listen.notify()
        if self._exchanging.is_alive():
            self._exchanging.join(END_SECONDS)

    # The exchanging thread

    def _exchange_until_closed(self) -> None:
        while (errand := self._next_errand()) is not None:
            try:
                self._audit(errand)
                self._exchange(errand)
            except BrokerUnavailable as error:
                self._keep(errand, error)
            except Exception as error:  # one that takes nothing more, and lives, would hold its bookings for ever
                log.exception("exchange_broken")
                self._keep(errand, error)
        self._leave()

    def _next_errand(self) -> _Errand | None:
        """Wait until there is something to do; None at the end."""
        if self._done:
            time.sleep(0)  # gives way to threads that are about to end, so that one call does for several
        with self._lock:
            while not self._is_closing:
                now = self._turned_at = self._clock.monotonic()
                if self._opens_at is not None and now >= self._opens_at:
                    self._may_look, self._opens_at = True, None
                wanted = self._permits - len(self._busy) if self._is_taking else 0
                if self._done or self._unstarted or (wanted and self._may_look) or now >= self._audit_at:
                    return self._begin(wanted)
                self._has_errand.wait(min(self._opens_at or math.inf, self._audit_at) - now)
            return None

    def _begin(self, wanted: int) -> _Errand:
        errand = _Errand(self._done, self._unstarted, wanted)
        self._done, self._unstarted = [], []
        self._is_asking, self._may_look = True, False
        return errand

    def _exchange(self, errand: _Errand) -> None:
        if errand.unstarted:
            self._queues.put_back(self._worker_id, errand.unstarted)
        taken = self._queues.exchange(self._worker_id, errand.wanted, errand.done, self._names)
        with self._lock:
            # One that was sent twice may be busy here already, and stays booked for the first.
            fresh = [(queue, delivery) for queue, delivery in taken.deliveries if delivery not in self._busy]
            if self._is_taking:
                self._busy.update((delivery, queue) for queue, delivery in fresh)
            else:
                self._unstarted.extend(delivery for _, delivery in fresh)
                fresh = []
            self._opens_at = (
                None if taken.opens_in is None else self._clock.monotonic() + taken.opens_in.total_seconds()
            )
            self._end(is_short=len(taken.deliveries) < errand.wanted)
        for queue, delivery in fresh:
            self._hand_over(queue, delivery)

    def _end(self, *, is_short: bool) -> None:
        self._is_asking = False
        self._has_ended.notify_all()
        if is_short:
            self._may_listen.notify()
        else:
            self._may_look = True

    def _keep(self, errand: _Errand, error: Exception) -> None:
        if not self._is_lost:
            log.warning("redis_lost", worker_id=self._worker_id, reason=str(error.__cause__ or error))
        self._is_lost = True
        with self._lock:
            self._audit_at = 0.0
            self._done[:0] = errand.done
            self._unstarted[:0] = errand.unstarted
            self._end(is_short=False)
            self._has_errand.wait_for(lambda: self._is_closing, PAUSE_AFTER_LOSS_SECONDS)

    def _audit(self, errand: _Errand) -> None:
        """Put back what is booked here and not in hand, and book what is in hand and was forgotten."""
        now = self._clock.monotonic()
        if now < self._audit_at:
            return
        booked = self._queues.held_by(self._worker_id)
        with self._lock:
            unheld = booked.difference(self._busy, self._done, self._unstarted, errand.done, errand.unstarted)
            forgotten = [(queue, delivery) for delivery, queue in self._busy.items() if delivery not in booked]
        self._queues.put_back(self._worker_id, unheld)
        self._queues.book((self._worker_id, queue, Waiting.running(delivery)) for queue, delivery in forgotten)
        if unheld or forgotten or self._is_lost:
            log.info("audited", worker_id=self._worker_id, put_back=len(unheld), booked=len(forgotten))
        self._is_lost = False
        self._audit_at = now + AUDIT_SECONDS

    def _leave(self) -> None:
        with self._lock:
            done = self._done
        try:
            self._queues.exchange(self._worker_id, 0, done, self._names)
            self._queues.forget(self._worker_id)
        except BrokerUnavailable as error:
            log.warning("not_put_back", worker_id=self._worker_id, reason=str(error.__cause__))

    # The listening thread

    def _listen_until_closed(self) -> None:
        while self._wait_until_short():
            try:
                self._look_or_pass_on(self._queues.await_wake(self._names, LISTEN_SECONDS))
            except Exception as error:  # without its listener an idle worker would take nothing more, and live
                if not isinstance(error, BrokerUnavailable):  # the exchanging thread finds that out, and says so
                    log.exception("listening_broken")
                self._look_or_pass_on(is_told=False)
                with self._lock:
                    self._may_listen.wait_for(lambda: self._is_closing, PAUSE_AFTER_LOSS_SECONDS)

    def _wait_until_short(self) -> bool:
        """Wait until permits are free and the queues gave no more; false at the end."""
        with self._lock:
            self._may_listen.wait_for(lambda: self._is_closing or self._is_short())
            return not self._is_closing

    def _is_short(self) -> bool:
        return self._is_taking and not self._may_look and not self._is_asking and len(self._busy) < self._permits

    def _look_or_pass_on(self, is_told: bool) -> None:
        with self._lock:
            if self._is_taking and len(self._busy) < self._permits:
                self._may_look = True
                self._has_errand.notify()
                return
        if is_told:
            self._queues.pass_on(self._names)
