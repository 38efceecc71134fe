"""Announces events on Redis without ever making a verb wait.

`publish` only lays events down; one thread writes whatever lies there in one round trip. There is no timer: a batch is
what came while the last one was written. Events that had to be dropped are told as one gap, once Redis is back.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from millrace.eventbus.wire import GAP_MESSAGE, Message, encode
from millrace.jobs.events import Event

if TYPE_CHECKING:
    from redis import Redis

DEFAULT_CAPACITY = 10_000
BATCH_SIZE = 1_000
CLOSING_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


class RedisPublisher:
    """A `Publisher` on Redis pub/sub. Connects at the first event; safe to share between threads.

    Args:
        client_factory: Makes the client that the writing thread uses alone.
        capacity: How many events may wait; past it they are dropped and told as a gap.
    """

    def __init__(self, client_factory: Callable[[], "Redis"], *, capacity: int = DEFAULT_CAPACITY) -> None:
        self._client_factory = client_factory
        self._capacity = capacity
        self._changed = threading.Condition()
        self._waiting: deque[Event] = deque()
        self._gap = False
        self._closing_at: float | None = None
        self._thread: threading.Thread | None = None

    def publish(self, events: Sequence[Event]) -> None:
        """Announce `events` soon. Never raises and never waits for Redis; after `close` it does nothing."""
        with self._changed:
            if self._closing_at is not None:
                return
            if len(self._waiting) + len(events) > self._capacity:
                # Everybody refetches anyway, so the events that waited are worth no more than the new ones.
                self._waiting.clear()
                self._gap = True
            else:
                self._waiting.extend(events)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="event-publisher", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, for at most a second, and stop."""
        with self._changed:
            if self._closing_at is None:
                self._closing_at = time.monotonic() + CLOSING_SECONDS
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(CLOSING_SECONDS)

    def _run(self) -> None:
        client = self._client_factory()
        pause = FIRST_PAUSE_SECONDS
        try:
            while (batch := self._next_batch()) is not None:
                try:
                    self._write(client, batch)
                    pause = FIRST_PAUSE_SECONDS
                except (RedisError, OSError):
                    if not self._rest_after_loss(pause):
                        return
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        finally:
            with suppress(RedisError, OSError):
                client.close()

    def _next_batch(self) -> list[Message] | None:
        """Wait for events and take them; None once the publisher is closed and nothing waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._gap or self._closing_at is not None)
            if not self._waiting and not self._gap:
                return None
            events = [self._waiting.popleft() for _ in range(min(BATCH_SIZE, len(self._waiting)))]
            gap, self._gap = self._gap, False
        messages, all_encoded = _encode_all(events)
        return messages if all_encoded and not gap else [GAP_MESSAGE, *messages]

    def _write(self, client: "Redis", batch: list[Message]) -> None:
        pipeline = client.pipeline(transaction=False)
        for message in batch:
            pipeline.publish(message.channel, message.data)
        pipeline.execute()

    def _rest_after_loss(self, pause: float) -> bool:
        """Remember that a batch was lost and let Redis come back; whether there is still time to go on."""
        deadline = time.monotonic() + pause
        with self._changed:
            self._gap = True
            while (left := deadline - time.monotonic()) > 0:
                if self._closing_at is not None and time.monotonic() >= self._closing_at:
                    return False
                self._changed.wait(left)
            return self._closing_at is None or time.monotonic() < self._closing_at


def _encode_all(events: Sequence[Event]) -> tuple[list[Message], bool]:
    """All messages of `events`, and whether every event could be written; one bad event costs no other."""
    try:
        return list(encode(events)), True
    except ValueError:
        messages: list[Message] = []
        for event in events:
            with suppress(ValueError):
                messages.extend(encode([event]))
        return messages, False
