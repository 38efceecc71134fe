"""The script against a model in Python: whatever is done to the queues, order and counts agree."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from redis import Redis

from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from millrace.queues.limits import QueueLimits
from tests.broker.conftest import open_epoch

pytestmark = pytest.mark.flow

QUEUES = ("x", "y")
WORKERS = st.sampled_from(("w1", "w2"))
SUBMITTERS = st.sampled_from(("ada", "bob", "cyd"))
PRIORITIES = st.sampled_from((Priority.HIGH, Priority.NORMAL))
PERIOD = timedelta(seconds=10)
# Mostly none, or hardly anything would ever start.
LIMITS = st.sampled_from(
    (
        *[QueueLimits()] * 4,
        QueueLimits(paused=True),
        QueueLimits(concurrency=1),
        QueueLimits(concurrency=4),
        QueueLimits(rate=1, period=PERIOD),
        QueueLimits(rate=3, period=PERIOD),
    )
)
STARVING, STARVING_TURN = timedelta(minutes=10), 20


@dataclass
class Place:
    """A delivery in a queue of the model."""

    delivery: Delivery
    level: int
    round: int
    since: datetime
    submitter: str

    @property
    def order(self) -> tuple[int, int, datetime, str]:
        return (self.level, self.round, self.since, str(self.delivery))


@dataclass
class QueueModel:
    """What a queue should be: a list, and the limits on it."""

    waiting: list[Place] = field(default_factory=list)
    rounds: dict[tuple[int, str], int] = field(default_factory=dict)
    started: set[Delivery] = field(default_factory=set)
    starts: list[datetime] = field(default_factory=list)
    limits: QueueLimits = field(default_factory=QueueLimits)

    def add(self, delivery: Delivery, level: int, submitter: str, now: datetime) -> None:
        if any(place.delivery == delivery for place in self.waiting):
            return
        head = self.head_round(level)
        last = self.rounds.get((level, submitter), -1)
        self.rounds[level, submitter] = max(head, last + 1)
        self.waiting.append(Place(delivery, level, max(head, last + 1), now, submitter))

    def head_round(self, level: int) -> int:
        """The first round on a level; where nothing waits rounds begin anew."""
        on_level = [place.round for place in self.waiting if place.level == level]
        if not on_level:
            self.rounds = {at: last for at, last in self.rounds.items() if at[0] != level}
        return min(on_level, default=0)

    def withdraw(self, place: Place, submitter: str) -> None:
        """Out of the line without a start."""
        self.waiting.remove(place)
        if (place.level, submitter) in self.rounds:
            self.rounds[place.level, submitter] -= 1

    def put_back(self, place: Place) -> None:
        """To the head of its level."""
        place.round = self.head_round(place.level)
        self.waiting.append(place)

    def next_on(self, level: int) -> list[Place]:
        """Among whom the starving rule looks for the one that waits longest."""
        return sorted((place for place in self.waiting if place.level == level), key=lambda place: place.order)[:10]

    def startable(self, now: datetime) -> Place | None:
        """The head, where the limits let it start."""
        limits = self.limits
        recent = [start for start in self.starts if start > now - PERIOD]
        is_barred = (
            limits.paused
            or (limits.concurrency is not None and len(self.started) >= limits.concurrency)
            or (limits.rate is not None and len(recent) >= limits.rate)
        )
        return None if is_barred else min(self.waiting, key=lambda place: place.order, default=None)


class QueuesMachine(RuleBasedStateMachine):
    """Drives the script and the model side by side."""

    redis: Redis

    def __init__(self) -> None:
        super().__init__()
        self.redis.flushall()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.real = RedisQueues(self.redis, lambda: self.now)
        open_epoch(self.redis, self.real)
        self.model = {queue: QueueModel() for queue in QUEUES}
        self.held: dict[str, dict[Delivery, tuple[str, Place]]] = {"w1": {}, "w2": {}}
        self.taken = 0
        self.sent = 0

    @rule(queue=st.sampled_from(QUEUES), submitter=SUBMITTERS, priorities=st.lists(PRIORITIES, min_size=1, max_size=6))
    def enqueue(self, queue: str, submitter: str, priorities: list[Priority]) -> None:
        waiting = []
        for priority in priorities:
            self.sent += 1
            delivery = Delivery(f"job-{self.sent:05}", 1)
            waiting.append(Waiting(delivery, priority, submitter))
            self.model[queue].add(delivery, int(priority), submitter, self.now)
        assert self.real.enqueue(queue, waiting) == len(priorities)

    @rule(queue=st.sampled_from(QUEUES), at=st.integers(0, 20))
    def enqueue_again(self, queue: str, at: int) -> None:
        waiting = self.model[queue].waiting
        if waiting:
            place = waiting[at % len(waiting)]
            assert self.real.enqueue(queue, [Waiting(place.delivery, Priority(place.level), "ada")]) == 0

    @rule(worker=WORKERS, wanted=st.integers(0, 8), acknowledged=st.integers(0, 9))
    def exchange(self, worker: str, wanted: int, acknowledged: int) -> None:
        done = list(self.held[worker])[:acknowledged]
        for delivery in done:
            queue, _ = self.held[worker].pop(delivery)
            self.model[queue].started.discard(delivery)
        expected = [self._take(worker) for _ in range(wanted)]
        answer = self.real.exchange(worker, wanted, done, QUEUES)
        assert list(answer.deliveries) == [taken for taken in expected if taken is not None]

    @rule(worker=WORKERS, lost=st.integers(1, 4))
    def put_back(self, worker: str, lost: int) -> None:
        deliveries = list(self.held[worker])[-lost:]
        for delivery in deliveries:
            queue, place = self.held[worker].pop(delivery)
            self.model[queue].started.discard(delivery)
            self.model[queue].put_back(place)
        if deliveries:
            assert self.real.put_back(worker, deliveries) == len(deliveries)

    @rule(worker=WORKERS)
    def forget(self, worker: str) -> None:
        for delivery, (queue, place) in self.held[worker].items():
            self.model[queue].started.discard(delivery)
            self.model[queue].put_back(place)
        assert self.real.forget(worker) == len(self.held[worker])
        self.held[worker] = {}

    @rule(queue=st.sampled_from(QUEUES), limits=LIMITS)
    def limit(self, queue: str, limits: QueueLimits) -> None:
        if limits.rate != self.model[queue].limits.rate:
            # Starts are noted while a rate limit stands, as far back as it looks.
            self.redis.delete(f"{{millrace}}:starts:{queue}")
            self.model[queue].starts = []
        self.model[queue].limits = limits
        self.real.limit(queue, limits)

    @rule(queue=st.sampled_from(QUEUES), at=st.integers(0, 20), priority=PRIORITIES, submitter=SUBMITTERS)
    def rescore(self, queue: str, at: int, priority: Priority, submitter: str) -> None:
        model = self.model[queue]
        if model.waiting:
            place = model.waiting[at % len(model.waiting)]
            model.withdraw(place, submitter)
            model.add(place.delivery, int(priority), submitter, place.since)
            assert self.real.rescore(queue, Waiting(place.delivery, priority, submitter))

    @rule(queue=st.sampled_from(QUEUES), at=st.integers(0, 20))
    def remove(self, queue: str, at: int) -> None:
        model = self.model[queue]
        if model.waiting:
            place = model.waiting[at % len(model.waiting)]
            model.withdraw(place, place.submitter)
            assert self.real.remove(queue, [Waiting(place.delivery, Priority(place.level), place.submitter)]) == 1

    @rule(seconds=st.sampled_from((1, 6, 11, 700)))
    def let_time_pass(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def counts_agree(self) -> None:
        for queue, model in self.model.items():
            counts = self.real.counts(queue)
            assert sum(counts.waiting.values()) == len(model.waiting)
            assert counts.started == len(model.started)
            on_levels = {level: [place.since for place in model.next_on(level)] for level in range(len(Priority))}
            assert counts.oldest == {level: min(since) for level, since in on_levels.items() if since}
        for worker, held in self.held.items():
            assert self.real.held_by(worker) == frozenset(held)

    def _take(self, worker: str) -> tuple[str, Delivery] | None:
        chosen = self._starving() if (self.taken + 1) % STARVING_TURN == 0 else None
        chosen = chosen or self._foremost()
        if chosen is None:
            return None
        queue, place = chosen
        model = self.model[queue]
        model.waiting.remove(place)
        model.started.add(place.delivery)
        if model.limits.rate is not None:
            model.starts.append(self.now)
        self.held[worker][place.delivery] = (queue, place)
        self.taken += 1
        return queue, place.delivery

    def _foremost(self) -> tuple[str, Place] | None:
        chosen: tuple[str, Place] | None = None
        for offset in range(1, len(QUEUES) + 1):
            queue = QUEUES[(self.taken + offset) % len(QUEUES)]
            head = self.model[queue].startable(self.now)
            if head is not None and (chosen is None or head.level < chosen[1].level):
                chosen = (queue, head)
        return chosen

    def _starving(self) -> tuple[str, Place] | None:
        open_queues = [queue for queue in QUEUES if self.model[queue].startable(self.now)]
        longest: tuple[str, Place] | None = None
        for level in range(len(Priority)):
            for queue in open_queues:
                for place in self.model[queue].next_on(level):
                    if longest is None or place.since < longest[1].since:
                        longest = (queue, place)
        return longest if longest and self.now - longest[1].since > STARVING else None


@pytest.fixture
def machine(redis_url: str) -> Iterator[type[QueuesMachine]]:
    with Redis.from_url(redis_url) as client:
        QueuesMachine.redis = client
        yield QueuesMachine


def test_whatever_is_done_to_the_queues_order_and_counts_agree_with_the_model(
    machine: type[QueuesMachine],
) -> None:
    bounds = settings(
        max_examples=50,
        stateful_step_count=80,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=bounds)
