"""RQ, as it comes: with a child process for every job. Results are discarded."""

from collections.abc import Iterable, Sequence

from redis import Redis
from rq import Queue, Worker

from bench.broker.engines import job
from bench.broker.engines.contract import Adapter, Setting, main

CALL = 1_000


class RQ(Adapter):
    packages = ("rq", "redis", "hiredis")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._redis = Redis.from_url(setting.url)
        self._queue = Queue("bench", connection=self._redis)

    def send(self, numbers: Iterable[int], level: str) -> None:  # noqa: ARG002
        for number in numbers:
            self._queue.enqueue(job.run, number, result_ttl=0)

    def send_together(self, numbers: Sequence[int]) -> None:
        for at in range(0, len(numbers), CALL):
            part = numbers[at : at + CALL]
            self._queue.enqueue_many([Queue.prepare_data(job.run, (number,), result_ttl=0) for number in part])

    def left(self) -> int:
        return int(self._queue.count) + int(self._queue.started_job_registry.count)

    def work(self) -> None:
        Worker([self._queue], connection=self._redis).work(logging_level="WARNING")


if __name__ == "__main__":
    main(RQ)
