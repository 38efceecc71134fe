"""Celery on Redis, with child processes (`prefork`) or `threads`: JSON, no results, no events, no gossip."""

from collections.abc import Iterable

from celery import Celery

from bench.broker.engines.contract import Adapter, Setting, main
from bench.broker.engines.job import run


class CeleryAdapter(Adapter):
    packages = ("celery", "kombu", "redis", "hiredis")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._app = Celery("bench", broker=setting.url, set_as_current=True)
        self._app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
        self._task = self._app.task(name="run")(run)

    def send(self, numbers: Iterable[int], level: str) -> None:  # noqa: ARG002
        for number in numbers:
            self._task.delay(number)

    def left(self) -> int:
        with self._app.connection_for_read() as connection:
            client = connection.default_channel.client
            return int(client.llen("celery")) + int(client.hlen("unacked"))

    def work(self) -> None:
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")
        pool = ("--pool", self.setting.variant, "--concurrency", str(self.setting.slots))
        self._app.worker_main(["worker", *pool, *quiet])


if __name__ == "__main__":
    main(CeleryAdapter)
