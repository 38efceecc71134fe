"""Millrace's broker: its queues, its fetcher and Dramatiq's threads around a job that needs no database."""

import os
from collections.abc import Iterable, Sequence

import dramatiq
from redis import Redis

from bench.broker.engines.contract import CRITICAL, LOW, PLAIN, Adapter, Setting, main, wait_for_the_end
from bench.broker.engines.job import run
from millrace.broker.connection import connect
from millrace.broker.priority_broker import PriorityBroker
from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.broker.restoration import QueueRestoration
from millrace.clock import SystemClock
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority

QUEUE = "bench"
SUBMITTER = "018bcfe5-6800-7abc-8def-0123456789ab"
PRIORITIES = {PLAIN: Priority.NORMAL, LOW: Priority.LOW, CRITICAL: Priority.CRITICAL}


def delivery(number: int) -> Delivery:
    """A job's first attempt; its id is as long as a real one and grows as they do."""
    return Delivery(f"{number >> 16:08x}-{number & 0xFFFF:04x}-7000-8000-{number:012x}", 1)


def number_of(delivery: Delivery) -> int:
    return int(delivery.job_id[-12:], 16)


def open_queues(redis: Redis) -> RedisQueues:
    """The queues, with nothing to restore: there is no database behind a benchmark."""
    queues = RedisQueues(redis)
    restoration = QueueRestoration(redis, queues)
    if restoration.is_needed() and restoration.begin():
        restoration.finish()
    return queues


class Millrace(Adapter):
    packages = ("dramatiq", "redis", "hiredis")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._queues = open_queues(connect(setting.url))

    def send(self, numbers: Iterable[int], level: str) -> None:
        for number in numbers:
            self._queues.enqueue(QUEUE, [Waiting(delivery(number), PRIORITIES[level], SUBMITTER)])

    def send_together(self, numbers: Sequence[int]) -> None:
        self._queues.enqueue(QUEUE, (Waiting(delivery(number), Priority.NORMAL, SUBMITTER) for number in numbers))

    def left(self) -> int:
        counts = self._queues.counts(QUEUE)
        return sum(counts.waiting.values()) + counts.started

    def work(self) -> None:
        broker = PriorityBroker(self._queues, SystemClock())
        worker_id = f"bench-{os.getpid()}"
        fetcher = broker.serve(worker_id, self.setting.slots, [QUEUE], lambda taken: run(number_of(taken)))
        dramatiq.Worker(broker, worker_threads=self.setting.slots).start()
        fetcher.start()
        wait_for_the_end()


if __name__ == "__main__":
    main(Millrace)
