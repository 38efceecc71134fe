"""Dramatiq's Redis broker, kept to what Millrace uses of it: queues of deliveries, nothing delayed, no middleware.

A delivery is its own message id, in Dramatiq and in Redis. So the hash of a queue's messages answers whether the broker
holds a job's attempt, and what one worker process has in hand can be compared with what Redis books on it.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog
from dramatiq import Actor, Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed
from redis import Redis
from redis.exceptions import RedisError

from millrace.jobs.job import Delivery

NAMESPACE = "{millrace}"
"""The prefix of all keys; the braces make it a hash tag, which keeps the keys on one shard."""

ACTOR_NAME = "run_attempt"
HEARTBEAT_TIMEOUT_MILLISECONDS = 15_000
MAINTENANCE_CHANCE_PER_MILLION = 20_000
"""An idle worker asks some ten times a second, so what a dead one held comes back a few seconds after its timeout."""

PAUSE_AFTER_LOSS_SECONDS = 0.5

log = structlog.get_logger(__name__)


class StockBroker(RedisBroker):
    """Dramatiq's broker on `client`. Makes no connection until it is used; safe to share between threads."""

    client: Redis

    def __init__(self, client: Redis) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            client=client,
            # Dramatiq's own retries, time limits and results would be a second truth beside SQL.
            middleware=[],
            namespace=NAMESPACE,
            heartbeat_timeout=HEARTBEAT_TIMEOUT_MILLISECONDS,
            maintenance_chance=MAINTENANCE_CHANCE_PER_MILLION,
        )

    @property
    def consumer_class(self) -> type["_PatientConsumer"]:
        return _PatientConsumer

    def declare_queue(self, queue_name: str) -> None:
        """Make a queue known, without the companion that Dramatiq polls for delayed messages: ours wait in SQL."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def run_with(self, run: Callable[[Delivery], None]) -> None:
        """Let the worker threads of this process call `run` with each delivery. It must not raise."""

        def run_message(text: str) -> None:
            try:
                delivery = Delivery.parse(text)
            except ValueError:
                log.error("unreadable_delivery", text=text)
                return
            run(delivery)

        Actor(run_message, broker=self, actor_name=ACTOR_NAME, queue_name="", priority=0, options={})

    def put(self, queue: str, delivery: Delivery) -> None:
        """Add a delivery at the end of a queue.

        Raises:
            RedisError: Whether it was added is unknown.
        """
        text = str(delivery)
        message: Message[None] = Message(
            queue_name=queue,
            actor_name=ACTOR_NAME,
            args=(text,),
            kwargs={},
            options={"redis_message_id": text},
            message_id=text,
        )
        self.do_enqueue(queue, text, message.encode())

    def holds(self, wanted: Sequence[tuple[str, Delivery]]) -> Sequence[bool]:
        """Whether each delivery lies in its queue or in a worker's hands, asked in one round trip.

        Raises:
            RedisError: There was no answer.
        """
        pipeline = self.client.pipeline(transaction=False)
        for queue, delivery in wanted:
            pipeline.hexists(f"{NAMESPACE}:{queue}.msgs", str(delivery))
        return [bool(answer) for answer in pipeline.execute()]

    def booked(self, queue: str) -> frozenset[str]:
        """What Redis books on this process for `queue`: fetched, and not yet acknowledged."""
        members = self.client.smembers(f"{NAMESPACE}:__acks__.{self.broker_id}.{queue}")
        return frozenset(member.decode() if isinstance(member, bytes) else member for member in members)

    def close(self) -> None:
        self.client.close()


class _PatientConsumer(_RedisConsumer):
    """A consumer that outlives its connection, where Dramatiq's own is thrown away with all it has fetched.

    After a loss it puts back what Redis books on this process and nobody here has: a fetch whose reply was lost.
    """

    queued_message_ids: set[str]
    broker: StockBroker
    queue_name: str

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)  # type: ignore[no-untyped-call]
        self._lost = False

    def __next__(self) -> MessageProxy | None:
        try:
            if self._lost:
                self._put_back_unheld()
            message: MessageProxy | None = super().__next__()  # type: ignore[no-untyped-call]
        except (ConnectionClosed, RedisError) as error:
            if not self._lost:
                log.warning("redis_lost", queue=self.queue_name, reason=str(error))
            self._lost = True
            time.sleep(PAUSE_AFTER_LOSS_SECONDS)
            return None
        return message

    def ack(self, message: MessageProxy) -> None:
        """Tell Redis that `message` was worked on. One that can't be told comes back and is refused by the claim."""
        try:
            super().ack(message)  # type: ignore[no-untyped-call]
        except (ConnectionClosed, RedisError):
            self._lost = True

    def nack(self, message: MessageProxy) -> None:
        self.ack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Put back what wasn't started. What Redis doesn't hear of comes back when this process' heartbeat is old."""
        try:
            super().requeue(messages)  # type: ignore[no-untyped-call]
        except (ConnectionClosed, RedisError) as error:
            log.warning("not_put_back", queue=self.queue_name, reason=str(error))

    def _put_back_unheld(self) -> None:
        unheld = self.broker.booked(self.queue_name) - self.queued_message_ids
        if unheld:
            self.broker.do_requeue(self.queue_name, *unheld)
        self._lost = False
        log.info("redis_found_again", queue=self.queue_name, put_back=len(unheld))
