"""The stock broker: what it puts into Redis, and what it gets back from there whatever happens."""

import threading
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import orjson
import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.stock_broker import ACTOR_NAME, StockBroker
from millrace.jobs.job import Delivery
from millrace.run.embedded_redis import EmbeddedRedis, RunningRedis
from tests.servers.leaky_socket import LeakySocket
from tests.waiting import wait_until

ONE, TWO = Delivery("job-one", 1), Delivery("job-two", 3)


def test_dramatiq_brings_no_middleware_of_its_own(broker: StockBroker) -> None:
    assert broker.middleware == []


def test_a_message_says_which_attempt_to_run_and_nothing_more(broker: StockBroker, redis: Redis) -> None:
    broker.put("default", ONE)
    (body,) = redis.hvals("{millrace}:default.msgs")
    message = orjson.loads(body)
    assert (message["actor_name"], message["args"], message["kwargs"]) == (ACTOR_NAME, ["job-one:1"], {})
    assert message["options"] == {"redis_message_id": "job-one:1"}


def test_every_key_carries_the_hash_tag(broker: StockBroker, redis: Redis) -> None:
    broker.put("default", ONE)
    broker.do_fetch("default", 1)
    assert redis.keys()
    assert redis.keys() == redis.keys("{millrace}:*")


def test_it_holds_what_waits_and_what_is_in_hand_until_it_is_acknowledged(broker: StockBroker) -> None:
    broker.put("default", ONE)
    wanted = [("default", ONE), ("default", TWO), ("other", ONE)]
    assert broker.holds(wanted) == [True, False, False]
    broker.do_fetch("default", 1)
    assert broker.holds(wanted) == [True, False, False]
    broker.do_ack("default", str(ONE))
    assert broker.holds(wanted) == [False, False, False]


def test_a_queue_has_no_companion_for_delayed_messages(broker: StockBroker) -> None:
    broker.declare_queue("default")
    assert broker.get_declared_queues() == {"default"}
    assert broker.get_declared_delay_queues() == set()


@pytest.fixture
def leak(redis_url: str, tmp_path: Path) -> Iterator[LeakySocket]:
    leak = LeakySocket(tmp_path / "leaky.sock", redis_url.removeprefix("unix://"))
    yield leak
    leak.close()


@pytest.fixture
def leaky_broker(leak: LeakySocket) -> Iterator[StockBroker]:
    broker = StockBroker(connect(f"unix://{leak.path}"))
    broker.client.ping()
    yield broker
    broker.close()


def test_a_fetch_whose_reply_was_lost_is_put_back_after_the_loss(
    leaky_broker: StockBroker, leak: LeakySocket, redis: Redis
) -> None:
    leaky_broker.put("default", ONE)
    consumer = leaky_broker.consume("default", prefetch=4, timeout=10)
    leak.loses_replies = True
    assert next(consumer) is None
    assert redis.llen("{millrace}:default") == 0
    leak.loses_replies = False
    message = next_of(consumer)
    assert message.args == (str(ONE),)
    consumer.ack(message)
    assert leaky_broker.holds([("default", ONE)]) == [False]


def test_what_a_consumer_has_in_hand_is_not_put_back_after_a_loss(leaky_broker: StockBroker, leak: LeakySocket) -> None:
    leaky_broker.put("default", ONE)
    consumer = leaky_broker.consume("default", prefetch=4, timeout=10)
    message = next_of(consumer)
    leak.loses_replies = True
    assert next(consumer) is None
    leak.loses_replies = False
    leaky_broker.put("default", TWO)
    assert next_of(consumer).args == (str(TWO),)
    assert leaky_broker.booked("default") == {str(ONE), str(TWO)}
    consumer.ack(message)
    assert leaky_broker.booked("default") == {str(TWO)}


def test_an_acknowledgement_that_was_lost_does_not_stop_the_thread_and_its_message_stays(
    leaky_broker: StockBroker, leak: LeakySocket, redis: Redis
) -> None:
    leaky_broker.put("default", ONE)
    consumer = leaky_broker.consume("default", prefetch=4, timeout=10)
    message = next_of(consumer)
    leak.close()
    consumer.ack(message)
    assert redis.hexists("{millrace}:default.msgs", str(ONE))


def next_of(consumer: dramatiq.Consumer) -> dramatiq.MessageProxy:
    message: dramatiq.MessageProxy | None = wait_until(lambda: next(consumer), message="a message")
    assert message is not None
    return message


@pytest.fixture
def own_redis(tmp_path: Path) -> EmbeddedRedis:
    return EmbeddedRedis(tmp_path / "redis")


def test_a_worker_that_loses_redis_goes_on_when_it_is_back(own_redis: EmbeddedRedis) -> None:
    running: RunningRedis = own_redis.start()
    broker = StockBroker(connect(running.url))
    ran: list[Delivery] = []
    broker.run_with(ran.append)
    broker.declare_queue("default")
    worker = dramatiq.Worker(broker, worker_timeout=20, worker_threads=2)
    worker.start()
    try:
        broker.put("default", ONE)
        wait_until(lambda: ran == [ONE])
        running.stop()
        running = own_redis.start()
        wait_until(lambda: _put(broker, TWO), message="Redis to take a message again")
        wait_until(lambda: TWO in ran)
    finally:
        worker.stop()
        broker.close()
        running.stop()


def _put(broker: StockBroker, delivery: Delivery) -> bool:
    try:
        broker.put("default", delivery)
    except Exception as error:
        raise AssertionError(str(error)) from error
    return True


def test_a_message_that_is_no_delivery_is_dropped_and_the_next_one_runs(broker: StockBroker) -> None:
    ran = threading.Event()
    broker.run_with(lambda _delivery: ran.set())
    actor = broker.get_actor(ACTOR_NAME)
    actor("no delivery")
    assert not ran.is_set()
    actor(str(ONE))
    assert ran.is_set()
