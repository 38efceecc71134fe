"""The master is killed, and a sentinel puts its follower in its place: whoever works with Redis goes on there."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from millrace.broker.connection import connect
from millrace.eventbus.publisher import RedisPublisher
from millrace.eventbus.subscriber import Subscriber
from millrace.jobs.events import Event, ProgressMade
from millrace.jobs.job import Progress
from tests.servers.guarded_valkey import Server, follow, guarded_valkey, sentinel
from tests.waiting import wait_until

PASSWORD = "secret"
FAILOVER_SECONDS = 12


@dataclass(frozen=True)
class Watched:
    """A master, its follower, and the URL that finds whichever is the master."""

    master: Server
    follower: Server
    url: str


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    guard = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
    with (
        guarded_valkey(tmp_path, *guard, password=PASSWORD) as master,
        guarded_valkey(tmp_path, *guard, password=PASSWORD) as follower,
    ):
        follow(follower, master)
        settings = (
            f"sentinel monitor main 127.0.0.1 {master.port} 1",
            f"sentinel auth-pass main {PASSWORD}",
            "sentinel down-after-milliseconds main 300",
            "sentinel failover-timeout main 3000",
        )
        with sentinel(tmp_path, *settings) as watcher:
            with watcher.client() as admin:
                wait_until(lambda: len(admin.execute_command("SENTINEL", "REPLICAS", "main")) == 1)
            yield Watched(master, follower, f"redis+sentinel://:{PASSWORD}@127.0.0.1:{watcher.port}/main/0")


@dataclass
class Waiter:
    """Takes whatever comes into a line, as an idle worker does, and goes on after every loss."""

    client: Redis
    taken: list[object] = field(default_factory=list)
    losses: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                found = self.client.bzpopmin("line", 1)
            except RedisError:
                self.losses += 1
                self.stopped.wait(0.05)
                continue
            if found:
                self.taken.append(found[1])


def made(seq: int) -> Event:
    return ProgressMade(Progress("job", "account", 1, seq, None, ""))


def test_after_the_masters_death_everybody_goes_on_at_its_follower(watched: Watched) -> None:
    heard: list[Event | None] = []
    subscriber = Subscriber(lambda: connect(watched.url), heard.append, lambda: heard.append(None))
    publisher = RedisPublisher(lambda: connect(watched.url))
    with connect(watched.url) as client, connect(watched.url) as waiting_client:
        waiter = Waiter(waiting_client)
        threads = [threading.Thread(target=run) for run in (subscriber.run, waiter.run)]
        for thread in threads:
            thread.start()
        try:
            assert subscriber.wait_until_listening(5)
            client.zadd("line", {"before": 1})
            publisher.publish([made(1)])
            wait_until(lambda: waiter.taken == [b"before"] and made(1) in heard)
            gaps = heard.count(None)

            watched.master.kill()
            wait_until(lambda: accepts(client, "after"), FAILOVER_SECONDS, "a master that takes writes")
            assert client.info("server")["tcp_port"] == watched.follower.port
            wait_until(lambda: waiter.taken[-1] == b"after", FAILOVER_SECONDS, "the waiting reader to be served")
            assert waiter.losses > 0
            wait_until(
                lambda: subscriber.is_listening and heard.count(None) > gaps, FAILOVER_SECONDS, "the subscription"
            )
            wait_until(lambda: is_heard(publisher, made(2), heard), FAILOVER_SECONDS, "an event")
        finally:
            subscriber.stop()
            waiter.stopped.set()
            publisher.close()
            for thread in threads:
                thread.join()


def accepts(client: Redis, member: str) -> bool:
    try:
        return bool(client.zadd("line", {member: 1}))
    except RedisError as not_yet:
        raise AssertionError(str(not_yet)) from not_yet


def is_heard(publisher: RedisPublisher, event: Event, heard: list[Event | None]) -> bool:
    publisher.publish([event])
    return event in heard
