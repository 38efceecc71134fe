"""Dramatiq with its own Redis broker: as it comes, or `bare` of the middleware that Millrace does without."""

from collections.abc import Iterable

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.broker.engines.contract import CRITICAL, LOW, PLAIN, Adapter, Setting, main, wait_for_the_end
from bench.broker.engines.job import run

ORDER = {CRITICAL: 0, PLAIN: 10, LOW: 20}
"""Dramatiq sorts what a worker has already fetched by its actors' priorities. Each level has a queue of its own."""


class StockDramatiq(Adapter):
    packages = ("dramatiq", "redis", "hiredis")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        middleware: list[dramatiq.Middleware] | None = [] if setting.variant == "bare" else None
        self._broker = RedisBroker(url=setting.url, middleware=middleware)  # type: ignore[no-untyped-call]
        self._actors = {
            level: dramatiq.actor(
                actor_name=f"run_{level}", queue_name=level, priority=ORDER[level], broker=self._broker
            )(run)
            for level in setting.levels
        }

    def send(self, numbers: Iterable[int], level: str) -> None:
        actor = self._actors[level]
        for number in numbers:
            actor.send(number)

    def left(self) -> int:
        # A message's body stays in this hash until it is acknowledged.
        return sum(int(self._broker.client.hlen(f"dramatiq:{level}.msgs")) for level in self.setting.levels)

    def work(self) -> None:
        dramatiq.Worker(self._broker, worker_threads=self.setting.slots).start()
        wait_for_the_end()


if __name__ == "__main__":
    main(StockDramatiq)
