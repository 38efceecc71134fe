"""A real Redis for the bus, and ears that write down what they hear."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis

from millrace.eventbus.subscriber import Subscriber
from millrace.jobs.events import Event
from millrace.run.embedded_redis import EmbeddedRedis, RunningRedis
from tests.waiting import wait_until

Listen = Callable[..., "Ears"]


@dataclass
class Ears:
    """What a subscriber heard so far; a gap stands in it as None."""

    heard: list[Event | None] = field(default_factory=list)
    subscriber: Subscriber | None = None

    @property
    def events(self) -> list[Event]:
        return [event for event in self.heard if event is not None]

    @property
    def gaps(self) -> int:
        return self.heard.count(None)

    @property
    def is_listening(self) -> bool:
        return self.subscriber is not None and self.subscriber.is_listening


@dataclass
class StoppableRedis:
    """A Redis that can be taken away and brought back at the same address."""

    config: EmbeddedRedis
    running: RunningRedis

    def client(self) -> Redis:
        return Redis.from_url(self.running.url, socket_connect_timeout=2)

    def stop(self) -> None:
        self.running.stop()

    def start(self) -> None:
        self.running = self.config.start()


@pytest.fixture(scope="module")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoppableRedis]:
    config = EmbeddedRedis(tmp_path_factory.mktemp("redis"))
    redis = StoppableRedis(config, config.start())
    yield redis
    redis.stop()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[StoppableRedis]:
    config = EmbeddedRedis(tmp_path / "redis")
    redis = StoppableRedis(config, config.start())
    yield redis
    redis.stop()


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Starts a subscriber on a redis and waits until it listens."""
    with ExitStack() as stack:

        def start(redis: StoppableRedis, **options: object) -> Ears:
            ears = Ears()
            subscriber = Subscriber(redis.client, ears.heard.append, lambda: ears.heard.append(None), **options)  # type: ignore[arg-type]
            ears.subscriber = subscriber
            thread = threading.Thread(target=subscriber.run)
            thread.start()
            stack.callback(thread.join)
            stack.callback(subscriber.stop)
            wait_until(lambda: subscriber.is_listening)
            return ears

        yield start
