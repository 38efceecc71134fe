"""Hears events from Redis, forever: one subscription that comes back after every loss and says that there was one."""

import random
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from millrace.eventbus.wire import GAP_CHANNEL, SHOWN, Kind, channel_of, decode
from millrace.jobs.events import Event

if TYPE_CHECKING:
    from redis import Redis
    from redis.client import PubSub

READ_SECONDS = 0.5
LONGEST_SILENCE_SECONDS = 8.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


class Subscriber:
    """One subscription. `run` blocks its thread until `stop`; the callbacks run there too and must be quick.

    Args:
        client_factory: Makes a client for each try to subscribe.
        on_event: Told each event.
        on_gap: Told that events may have been missed: each time the subscription begins, the first time too, and
            when a publisher had to drop some.
        kinds: What to listen for.
        longest_silence_seconds: After half of it the other side is asked for a sign of life; after all of it the
            connection counts as lost.
    """

    def __init__(
        self,
        client_factory: Callable[[], "Redis"],
        on_event: Callable[[Event], None],
        on_gap: Callable[[], None],
        *,
        kinds: Collection[Kind] = SHOWN,
        longest_silence_seconds: float = LONGEST_SILENCE_SECONDS,
    ) -> None:
        self._client_factory = client_factory
        self._on_event = on_event
        self._on_gap = on_gap
        self._channels = [GAP_CHANNEL, *(channel_of(kind) for kind in kinds)]
        self._longest_silence_seconds = longest_silence_seconds
        self._stopped = threading.Event()
        self._listening = threading.Event()

    @property
    def is_listening(self) -> bool:
        """Whether the subscription stands."""
        return self._listening.is_set()

    def wait_until_listening(self, timeout_seconds: float) -> bool:
        """Block until the subscription stands; whether it does."""
        return self._listening.wait(timeout_seconds)

    def stop(self) -> None:
        """Let `run` return within a second. It can't be run again."""
        self._stopped.set()

    def run(self) -> None:
        """Listen until `stop`. Whatever happens to Redis, it goes on trying."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                self._listen()
            except (RedisError, OSError):
                was_listening = self._listening.is_set()
                self._listening.clear()
                pause = FIRST_PAUSE_SECONDS if was_listening else min(pause * 2, LONGEST_PAUSE_SECONDS)
                # Spread, so that all processes don't come back in the same moment.
                self._stopped.wait(pause * random.uniform(0.5, 1.0))
        self._listening.clear()

    def _listen(self) -> None:
        client = self._client_factory()
        pubsub = client.pubsub()  # type: ignore[no-untyped-call]
        try:
            pubsub.subscribe(*self._channels)
            self._hear(pubsub)
        finally:
            with suppress(RedisError, OSError):
                pubsub.close()
                client.close()

    def _hear(self, pubsub: "PubSub") -> None:
        unconfirmed = len(self._channels)
        heard_at = time.monotonic()
        asked = False
        while not self._stopped.is_set():
            message: dict[str, Any] | None = pubsub.get_message(timeout=READ_SECONDS)
            if message is None:
                asked = self._check_silence(pubsub, time.monotonic() - heard_at, asked)
                continue
            heard_at, asked = time.monotonic(), False
            if message["type"] == "subscribe":
                # The client library subscribes anew by itself where it reconnects: that is a gap as well.
                unconfirmed = (unconfirmed or len(self._channels)) - 1
                if unconfirmed == 0:
                    self._listening.set()
                    self._on_gap()
            elif message["type"] == "message":
                self._tell(message)

    def _check_silence(self, pubsub: "PubSub", silent_seconds: float, asked: bool) -> bool:
        """Ask a silent connection for a sign of life; whether it was asked.

        Raises:
            ConnectionError: It gave none, as when the other side vanished without a word.
        """
        if asked and silent_seconds > self._longest_silence_seconds:
            raise ConnectionError("the subscription went silent")
        if not asked and silent_seconds > self._longest_silence_seconds / 2:
            pubsub.ping()
            return True
        return asked

    def _tell(self, message: dict[str, Any]) -> None:
        if message["channel"] == GAP_CHANNEL.encode():
            self._on_gap()
            return
        for event in decode(message["data"]):
            self._on_event(event)
