"""SAQ: concurrent calls on one event loop. Finished jobs are deleted at once."""

import asyncio
from collections.abc import Iterable
from typing import Any

from saq import Queue, Worker

from bench.broker.engines.contract import Adapter, Setting, main
from bench.broker.engines.job import run


async def run_job(_context: Any, *, number: int) -> None:
    run(number)


class SAQ(Adapter):
    packages = ("saq", "redis", "hiredis")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._queue = Queue.from_url(setting.url)

    def send(self, numbers: Iterable[int], level: str) -> None:  # noqa: ARG002
        async def send() -> None:
            for number in numbers:
                await self._queue.enqueue("run_job", number=number, ttl=-1)

        self._loop.run_until_complete(send())

    def left(self) -> int:
        return int(self._loop.run_until_complete(self._queue.count("incomplete")))

    def work(self) -> None:
        worker: Any = Worker(self._queue, [run_job], concurrency=self.setting.slots)
        self._loop.run_until_complete(worker.start())


if __name__ == "__main__":
    main(SAQ)
