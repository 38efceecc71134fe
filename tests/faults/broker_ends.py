"""Both ends of the broker as real processes, with nothing above it: producers that send, workers that only note.

Each says when it is ready, and then goes by its standard input: once that is closed, a producer begins and a worker
ends. So none outlives the tests.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import dramatiq
import structlog

from millrace.broker.connection import connect
from millrace.broker.fetcher import PAUSE_AFTER_LOSS_SECONDS, Fetcher
from millrace.broker.priority_broker import PriorityBroker
from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.clock import SystemClock
from millrace.errors import BrokerUnavailable
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority

ROOT = Path(__file__).parents[2]
OPEN, HELD_UP = ("default", "images", "reports"), "later"
QUEUES = (*OPEN, HELD_UP)
BATCH_SIZES = (1, 2, 7, 40, 150, 1_200)
SUBMITTERS = ("ada", "ben", "cleo", "dora", "eli")
END_SECONDS = 20
LONG_SECONDS = 2 * PAUSE_AFTER_LOSS_SECONDS

# What is sent. A delivery's id names its queue.


def own_deliveries(producer: int, count: int) -> list[Delivery]:
    """What one producer alone sends, to each open queue in turn."""
    return [Delivery(f"{OPEN[number % len(OPEN)]}-{producer}-{number:06}", 1) for number in range(count)]


def shared_deliveries(count: int) -> list[Delivery]:
    """What every producer sends, to the queue that is held up meanwhile."""
    return [Delivery(f"{HELD_UP}-all-{number:06}", 1) for number in range(count)]


def queue_of(delivery: Delivery) -> str:
    return delivery.job_id.partition("-")[0]


def rows(deliveries: Sequence[Delivery], random: Random) -> list[Waiting]:
    """Each with any priority and any submitter."""
    return [Waiting(one, random.choice(list(Priority)), random.choice(SUBMITTERS)) for one in deliveries]


def batches(deliveries: Sequence[Delivery], random: Random) -> Iterator[tuple[str, list[Waiting]]]:
    """Batches of very different sizes, each for one queue, each with its first tenth twice in one call."""
    for queue in QUEUES:
        rest = iter([delivery for delivery in deliveries if queue_of(delivery) == queue])
        while batch := list(islice(rest, random.choice(BATCH_SIZES))):
            yield queue, rows([*batch[: len(batch) // 10], *batch], random)


def produce(url: str, producer: int, own: int, shared: int) -> None:
    random = Random(producer)
    work = list(batches([*own_deliveries(producer, own), *shared_deliveries(shared)], random))
    random.shuffle(work)
    with connect(url) as client:
        queues = RedisQueues(client)
        say_ready_and_wait()
        for queue, batch in work:
            queues.enqueue(queue, batch)


# What runs


@dataclass(frozen=True)
class Notebook:
    """Notes each start in the process' own file. One in ten is sent once more while it is in hand; a long one stays in
    hand while its worker loses Redis and finds it again."""

    file: int
    queues: RedisQueues

    def __call__(self, delivery: Delivery) -> None:
        os.write(self.file, f"{delivery.job_id}\n".encode())
        if "-long-" in delivery.job_id:
            time.sleep(LONG_SECONDS)
        if delivery.job_id.endswith("7"):
            with suppress(BrokerUnavailable):
                self.queues.enqueue(queue_of(delivery), [Waiting(delivery, Priority.CRITICAL, "again")])


def work(url: str, file: str, workers: int, threads: int) -> None:
    """Workers side by side, each with a fetcher and connections of its own."""
    with ExitStack() as stack:
        notes = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in range(workers):
            queues = RedisQueues(stack.enter_context(connect(url)))
            name = f"{Path(file).stem}-{number}"
            stack.enter_context(running_worker(queues, name, threads, Notebook(notes, queues)))
        say_ready_and_wait()


@contextmanager
def running_worker(queues: RedisQueues, name: str, threads: int, run: Notebook) -> Iterator[Fetcher]:
    broker = PriorityBroker(queues, SystemClock())
    fetcher = broker.serve(name, threads, QUEUES, run)
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=threads)
    worker.start()
    fetcher.start()
    yield fetcher
    fetcher.stop_taking()
    assert fetcher.wait_until_idle(END_SECONDS)
    fetcher.close()
    worker.stop()


# The processes


def say_ready_and_wait() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


@dataclass(frozen=True)
class End:
    """A process at one end of the broker."""

    process: "subprocess.Popen[str]"

    def await_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def go(self) -> None:
        """Let a producer begin, or a worker end."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def await_success(self) -> None:
        assert self.process.wait(END_SECONDS) == 0


@contextmanager
def started(part: str, log_file: Path, **options: str | float) -> Iterator[End]:
    """A process that runs `produce` or `work`; killed at the end of the block where it still runs."""
    with (
        log_file.open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-m", __name__, part, json.dumps(options)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield End(process)
        finally:
            process.kill()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    parts: dict[str, Callable[..., None]] = {"produce": produce, "work": work}
    parts[sys.argv[1]](**json.loads(sys.argv[2]))
