"""Dramatiq's broker contract on Millrace's queues.

Dramatiq brings the worker threads. A consumer thread per queue asks its consumer for messages, gives each to a worker
thread, and tells the consumer when that is done. Here the fetcher gives messages to the worker threads itself, through
the consumer thread but not in it: one thread less to wake per job makes a sixth more of them. What comes before the
consumer thread is ready waits in the queue's place. A message says which attempt to run, and nothing more; nothing
about it is kept in Redis.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

from dramatiq import Actor, Broker, Consumer, Message, MessageProxy, Middleware
from dramatiq.errors import QueueNotFound
from dramatiq.worker import ConsumerThread

from millrace.broker.fetcher import Fetcher
from millrace.broker.redis_queues import RedisQueues
from millrace.clock import Clock
from millrace.jobs.job import Delivery

R = TypeVar("R")

ACTOR_NAME = "run_attempt"


class PriorityBroker(Broker):
    """The queues as Dramatiq's worker sees them: `serve` once, then start a `dramatiq.Worker` on it.

    Jobs are sent by the dispatcher. `enqueue` raises, since a message of Dramatiq's has no place in a queue.
    """

    def __init__(self, queues: RedisQueues, clock: Clock) -> None:
        # Dramatiq's own retries, time limits and results would be a second truth beside SQL. What remains of its hooks
        # may log, and may fail: neither running nor acknowledging a delivery depends on one.
        self._consumers = _ConsumerThreads()
        super().__init__(middleware=[self._consumers])
        self.queues: dict[str, SimpleQueue[Delivery]] = {}
        self._line = queues
        self._clock = clock
        self._fetcher: Fetcher | None = None

    def serve(self, worker_id: str, permits: int, queues: Iterable[str], run: Callable[[Delivery], None]) -> Fetcher:
        """Let the worker threads of this process call `run` with each delivery of `queues`. It must not raise.

        Args:
            permits: How many deliveries may be in hand at once: as many as there are threads.

        Returns:
            The fetcher, not started yet.
        """

        names = sorted(queues)
        actor = Actor(run, broker=self, actor_name=ACTOR_NAME, queue_name=names[0], priority=0, options={})
        actor.logger.setLevel(logging.INFO)  # else two lines for each delivery, beside those about the attempt
        for name in names:
            self.declare_queue(name)
        self._fetcher = Fetcher(self._line, worker_id, permits, names, self._hand_over, self._clock)
        return self._fetcher

    def _hand_over(self, queue: str, delivery: Delivery) -> None:
        thread = self._consumers.by_queue.get(queue)
        if thread is None or thread.consumer is None:  # without its consumer nothing could be acknowledged
            self.queues[queue].put(delivery)
        else:
            thread.handle_message(message_of(queue, delivery))

    def declare_queue(self, queue_name: str) -> None:
        """Make a queue known, without the companion that Dramatiq polls for delayed messages: ours wait in SQL."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = SimpleQueue()
            self.emit_after("declare_queue", queue_name)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> "HandOver":  # noqa: ARG002
        """The place where `queue_name`'s deliveries are handed over. One that is made anew finds what lies there.

        Args:
            prefetch: Plays no part: nothing is fetched that no thread is free for.
            timeout: How long to wait for a delivery, in milliseconds.

        Raises:
            QueueNotFound: Nobody declared the queue.
        """
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)  # type: ignore[no-untyped-call]
        if self._fetcher is None:
            raise RuntimeError("serve() comes before a worker starts")
        return HandOver(queue_name, self.queues[queue_name], self._fetcher, timeout / 1000)

    def enqueue(self, message: Message[R], *, delay: int | None = None) -> Message[R]:  # noqa: ARG002
        """Refused: jobs are sent by the dispatcher.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(f"{message.actor_name}: jobs are sent by the dispatcher, once they are committed")


class _ConsumerThreads(Middleware):
    """Learns Dramatiq's consumer threads as they begin."""

    def __init__(self) -> None:
        self.by_queue: dict[str, ConsumerThread] = {}

    def after_consumer_thread_boot(self, _broker: Broker, thread: ConsumerThread) -> None:
        self.by_queue[thread.queue_name] = thread


def message_of(queue: str, delivery: Delivery) -> MessageProxy:
    """What Dramatiq passes from hand to hand."""
    return MessageProxy(
        Message(
            queue_name=queue,
            actor_name=ACTOR_NAME,
            args=(delivery,),
            kwargs={},
            options={},
            message_id=delivery.job_id,
            message_timestamp=0,  # nobody reads it
        )
    )


class HandOver(Consumer):
    """Where Dramatiq meets the fetcher. No method raises, so the consumer thread never restarts."""

    def __init__(self, queue: str, place: "SimpleQueue[Delivery]", fetcher: Fetcher, timeout_seconds: float) -> None:
        self._queue = queue
        self._place = place
        self._fetcher = fetcher
        self._timeout_seconds = timeout_seconds

    def __next__(self) -> MessageProxy | None:
        try:
            delivery = self._place.get(timeout=self._timeout_seconds)
        except Empty:
            return None
        return message_of(self._queue, delivery)

    def ack(self, message: MessageProxy) -> None:
        """The delivery was worked on, however that ended."""
        self._fetcher.acknowledge(message.args[0])

    def nack(self, message: MessageProxy) -> None:
        """As `ack`: how an attempt ended stands in SQL."""
        self.ack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Send back what no thread has started."""
        self._fetcher.return_unstarted(message.args[0] for message in messages)

    def close(self) -> None:
        """Send back what was handed over and not consumed."""
        with suppress(Empty):
            while True:
                self._fetcher.return_unstarted([self._place.get_nowait()])
