"""The broker under Dramatiq's own worker: its traps, one sentence each."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import dramatiq
import pytest
from dramatiq.middleware import default_middleware
from redis import Redis

from millrace.broker.fetcher import Fetcher
from millrace.broker.priority_broker import PriorityBroker
from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.clock import SystemClock
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from tests.waiting import wait_until


@dataclass
class Ran:
    """What the worker's threads ran. While `gate` is closed they stay inside."""

    gate: threading.Event = field(default_factory=threading.Event)
    entered: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __call__(self, delivery: Delivery) -> None:
        self.entered.append(delivery.job_id)
        self.gate.wait(20)
        self.left.append(delivery.job_id)


@pytest.fixture
def ran() -> Ran:
    ran = Ran()
    ran.gate.set()
    return ran


@pytest.fixture
def broker(queues: RedisQueues) -> PriorityBroker:
    return PriorityBroker(queues, SystemClock())


@pytest.fixture
def fetcher(broker: PriorityBroker, ran: Ran) -> Iterator[Fetcher]:
    fetcher = broker.serve("w", 2, ["default", "images"], ran)
    yield fetcher
    ran.gate.set()
    fetcher.close()


@pytest.fixture
def worker(broker: PriorityBroker, fetcher: Fetcher) -> Iterator[dramatiq.Worker]:
    """Dramatiq's worker on the broker, with a thread for each permit."""
    with ExitStack() as stack:
        worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=2)
        worker.start()
        fetcher.start()
        stack.callback(worker.stop, 2_000)
        yield worker


def send(queues: RedisQueues, *names: str, queue: str = "default") -> None:
    queues.enqueue(queue, [Waiting(Delivery(name, 1), Priority.NORMAL, "ada") for name in names])


def test_dramatiq_brings_no_middleware_of_its_own(broker: PriorityBroker) -> None:
    assert not any(type(middleware) in default_middleware for middleware in broker.middleware)
    assert broker.actor_options == set()


def test_a_queue_has_no_companion_for_delayed_messages(broker: PriorityBroker, fetcher: Fetcher) -> None:
    assert broker.get_declared_queues() == {"default", "images"}
    assert broker.get_declared_delay_queues() == set()


@pytest.mark.usefixtures("worker")
def test_deliveries_of_every_queue_run_and_are_acknowledged(queues: RedisQueues, ran: Ran) -> None:
    send(queues, "a", "b")
    send(queues, "c", queue="images")
    wait_until(lambda: sorted(ran.left) == ["a", "b", "c"])
    wait_until(lambda: queues.held_by("w") == frozenset())
    assert queues.counts("default").started == queues.counts("images").started == 0


class BrokenHooks(dramatiq.Middleware):
    """Raises wherever Dramatiq asks."""

    def _break(self, *_args: object, **_kwargs: object) -> None:
        raise ValueError("a hook that is broken")

    before_process_message = after_process_message = before_ack = after_ack = _break


@pytest.mark.usefixtures("worker")
def test_a_hook_that_raises_keeps_nothing_from_running_and_nothing_from_being_acknowledged(
    broker: PriorityBroker, queues: RedisQueues, ran: Ran
) -> None:
    broker.add_middleware(BrokenHooks())
    send(queues, "a", "b")
    wait_until(lambda: sorted(ran.left) == ["a", "b"])
    wait_until(lambda: queues.held_by("w") == frozenset())


class SkipsAll(dramatiq.Middleware):
    """Lets nothing run."""

    def before_process_message(self, *_arguments: object) -> None:
        raise dramatiq.middleware.SkipMessage


@pytest.mark.usefixtures("worker")
def test_a_hook_that_skips_a_message_leaves_no_booking_behind(
    broker: PriorityBroker, queues: RedisQueues, ran: Ran
) -> None:
    broker.add_middleware(SkipsAll())
    send(queues, "a")
    wait_until(lambda: queues.counts("default").started == 0 and queues.position("default", Delivery("a", 1)) is None)
    wait_until(lambda: queues.held_by("w") == frozenset())
    assert ran.entered == []


def test_something_that_raises_is_acknowledged_and_its_thread_goes_on(queues: RedisQueues) -> None:
    seen: list[str] = []

    def run(delivery: Delivery) -> None:
        seen.append(delivery.job_id)
        raise ValueError("a bug")

    broker = PriorityBroker(queues, SystemClock())
    fetcher = broker.serve("w", 1, ["default"], run)
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
    worker.start()
    fetcher.start()
    try:
        send(queues, "a", "b")
        wait_until(lambda: seen == ["a", "b"])
        wait_until(lambda: queues.held_by("w") == frozenset())
    finally:
        fetcher.close()
        worker.stop()


def test_a_consumer_that_is_made_anew_finds_what_the_one_before_it_had_not_consumed(
    broker: PriorityBroker, fetcher: Fetcher, queues: RedisQueues
) -> None:
    fetcher.start()
    first = broker.consume("default", timeout=10)
    send(queues, "a", "b")
    assert delivery_from(first) == "a"
    assert delivery_from(broker.consume("default", timeout=10)) == "b"


def test_a_consumer_that_is_closed_sends_back_what_it_had_not_consumed(
    broker: PriorityBroker, fetcher: Fetcher, queues: RedisQueues
) -> None:
    fetcher.start()
    consumer = broker.consume("default", timeout=10)
    send(queues, "a", "b")
    assert delivery_from(consumer) == "a"
    wait_until(lambda: len(queues.held_by("w")) == 2)
    fetcher.stop_taking()
    consumer.close()
    wait_until(lambda: queues.position("default", Delivery("b", 1)) == 0)
    assert queues.held_by("w") == {Delivery("a", 1)}


def delivery_from(consumer: dramatiq.Consumer) -> str:
    message = wait_until(lambda: next(consumer), message="a message")
    assert message is not None
    return str(message.args[0].job_id)


def test_a_worker_that_stops_its_threads_before_its_consumers_loses_nothing(
    broker: PriorityBroker, fetcher: Fetcher, queues: RedisQueues, ran: Ran
) -> None:
    ran.gate.clear()
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=2)
    worker.start()
    fetcher.start()
    names = [f"j{number}" for number in range(6)]
    send(queues, *names)
    wait_until(lambda: len(ran.entered) == 2)
    stopping = threading.Thread(target=worker.stop, args=(10_000,))
    stopping.start()
    ran.gate.set()  # the threads end after what they run, and the fetcher takes more for nobody
    stopping.join()
    fetcher.close()
    assert queues.held_by("w") == frozenset()
    still_waiting = [name for name in names if queues.position("default", Delivery(name, 1)) is not None]
    assert sorted(ran.left + still_waiting) == names


def test_no_message_carries_an_eta_so_nothing_waits_in_a_workers_memory(
    broker: PriorityBroker, fetcher: Fetcher, queues: RedisQueues
) -> None:
    fetcher.start()
    send(queues, "a")
    message = wait_until(lambda: next(broker.consume("default", timeout=10)), message="a message")
    assert message is not None
    assert message.options == {}
    with pytest.raises(RuntimeError, match="jobs are sent by the dispatcher"):
        broker.enqueue(message._message, delay=1_000)


@pytest.mark.usefixtures("worker")
def test_a_delivery_needs_no_body_in_redis_that_could_be_gone(queues: RedisQueues, ran: Ran, redis: Redis) -> None:
    ran.gate.clear()
    send(queues, "a", "b", "c")
    wait_until(lambda: len(ran.entered) == 2)
    keys = {key.decode().split(":")[1] for key in redis.scan_iter()}
    assert keys <= {"epoch", "waiting", "rounds", "slots", "held", "workers", "taken", "wake"}
    ran.gate.set()
    wait_until(lambda: sorted(ran.left) == ["a", "b", "c"])


@pytest.mark.usefixtures("fetcher")
def test_a_queue_that_nobody_declared_is_an_error(broker: PriorityBroker) -> None:
    with pytest.raises(dramatiq.errors.QueueNotFound, match="unheard of"):
        broker.consume("unheard of")


def test_a_worker_on_a_broker_that_serves_nobody_is_an_error_and_not_a_silence(broker: PriorityBroker) -> None:
    broker.declare_queue("default")
    with pytest.raises(RuntimeError, match=r"serve\(\) comes before"):
        broker.consume("default")
