"""Huey on Redis with worker threads, waiting in Redis for jobs (its default), without a clock for periodic ones."""

from collections.abc import Iterable

from huey import RedisHuey
from huey.consumer import Consumer

from bench.broker.engines.contract import Adapter, Setting, main
from bench.broker.engines.job import run


class Huey(Adapter):
    packages = ("huey", "redis", "hiredis")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._huey = RedisHuey("bench", url=setting.url, results=False)
        self._task = self._huey.task(name="run")(run)

    def send(self, numbers: Iterable[int], level: str) -> None:  # noqa: ARG002
        for number in numbers:
            self._task(number)

    def left(self) -> int:
        return int(self._huey.pending_count())

    def work(self) -> None:
        Consumer(self._huey, workers=self.setting.slots, periodic=False).run()


if __name__ == "__main__":
    main(Huey)
