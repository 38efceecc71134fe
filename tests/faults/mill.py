"""A whole Millrace as real processes, on a SQLite and a Redis of its own that can be killed and started again."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from redis import Redis

from millrace.accounts.account import Account
from millrace.accounts.service import Registration
from millrace.broker.connection import connect
from millrace.jobs.job import Job
from millrace.jobs.ports import JobFilter
from millrace.jobs.states import JobState
from millrace.jobs.submission import Submission
from millrace.queues.limits import LimitChange, Queue
from millrace.run.embedded_redis import EmbeddedRedis, RunningRedis
from millrace.services import Services, build_services
from millrace.settings import Settings
from millrace.store.migrate import upgrade
from tests.faults.stamping_handlers import BEGUN
from tests.waiting import wait_until

S = JobState
ROOT = Path(__file__).parents[2]
HANDLERS = "tests.faults.stamping_handlers"
START_SECONDS = 20
FREE, NARROW = "stamped_free", "stamped_narrow"
NARROW_QUEUE = "narrow"


class OwnRedis:
    """A Redis that a test kills, empties and starts again. It is found at the same place every time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = self._start()
        self.url = self._running.url

    def _start(self) -> RunningRedis:
        die_with_parent = (lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)) if sys.platform == "linux" else None
        return EmbeddedRedis(self._folder, before_exec=die_with_parent).start()

    def kill(self) -> None:
        self._running.process.kill()
        self._running.process.wait()

    def lose_its_file(self) -> None:
        shutil.rmtree(self._folder / "appendonlydir")

    def start_again(self) -> None:
        self._running = self._start()

    def stop(self) -> None:
        self._running.stop()


class Stamps:
    """What the handlers noted, in order."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def begun(self) -> Counter[str]:
        """How often each job began."""
        return Counter(job_id for what, job_id in self.lines() if what == BEGUN)

    def at_work(self) -> set[str]:
        """The jobs that have begun and not ended."""
        return {job_id for job_id, count in Counter(job_id for _, job_id in self.lines()).items() if count == 1}

    def most_at_once(self) -> int:
        """How many were at work at once, at most. Each was for longer than its notes say."""
        return max(accumulate(1 if what == BEGUN else -1 for what, _ in self.lines()))


@dataclass(frozen=True)
class Mill:
    """Services of this process beside whatever others are started, and somebody who submits."""

    services: Services
    redis: OwnRedis
    client: Redis
    account: Account
    stack: ExitStack

    def start(self, name: str, threads: int = 4) -> "subprocess.Popen[bytes]":
        """Start `millrace <name>`; killed at the end where it still runs."""
        settings = self.services.settings
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "MILLRACE_DATA": str(settings.data_folder),
            "MILLRACE_DATABASE_URL": settings.database_url,
            "MILLRACE_REDIS_URL": settings.redis_url,
            "MILLRACE_HANDLERS": HANDLERS,
            "MILLRACE_WORKER_THREADS": str(threads),
        }
        code = f"import sys; from millrace.run.{name} import main; sys.exit(main())"
        process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def await_workers(self, count: int) -> None:
        """Wait until so many workers listen, and may take."""
        wait_until(lambda: self.client.info("clients")["blocked_clients"] == count, START_SECONDS, "workers to listen")
        wait_until(lambda: not self.services.restoration.is_needed(), START_SECONDS, "the queues to be restored")

    def await_looks(self, count: int) -> None:
        """Wait until workers have looked at the queues so many times more. An idle one does so once a second."""
        before = self.commands("bzpopmin")
        wait_until(lambda: self.commands("bzpopmin") >= before + count, 2 * count, "the workers to look")

    def commands(self, name: str = "") -> int:
        """How many commands of this name were given to Redis, or of any but those that tell so."""
        stats = self.client.info("commandstats")
        calls: dict[str, int] = {key.removeprefix("cmdstat_"): stat["calls"] for key, stat in stats.items()}
        return calls.get(name, 0) if name else sum(calls.values()) - calls.get("info", 0)

    def submit(self, type_name: str, count: int, stamps: Stamps, seconds: float, **options: Any) -> list[Job]:
        """Submit jobs that take so many seconds and note in `stamps`."""
        submission = Submission(type_name, {"file": str(stamps.file), "seconds": seconds}, **options)
        return [self.services.jobs.submit(submission, self.account) for _ in range(count)]

    def change(self, change: LimitChange) -> Queue:
        """Change the limits of the narrow queue."""
        return self.services.queues.change(NARROW_QUEUE, change, self.account)

    def is_done(self) -> bool:
        """Whether every job has finished."""
        unfinished = JobFilter(states=(S.SCHEDULED, S.QUEUED, S.RUNNING, S.RETRYING))
        return not self.services.reader.page(unfinished, None, 1, self.account)

    def await_completed(self, jobs: Sequence[Job], seconds: float) -> None:
        """Wait until every job has finished: each of `jobs` completed, by one attempt."""
        wait_until(self.is_done, seconds, "every job to finish")
        for job in jobs:
            assert self.services.reader.get(job.id, self.account).state is S.COMPLETED
            assert len(self.services.reader.attempts(job.id, self.account)) == 1


@contextmanager
def mill(folder: Path) -> Iterator[Mill]:
    """Services without any worker or scheduler yet."""
    with tempfile.TemporaryDirectory(prefix="millrace-redis-test-") as redis_folder, ExitStack() as stack:
        redis = OwnRedis(Path(redis_folder))
        stack.callback(redis.stop)
        settings = replace(
            Settings(),
            database_url=f"sqlite:///{folder / 'millrace.db'}",
            redis_url=redis.url,
            data_folder=folder,
            handler_modules=(HANDLERS,),
        )
        services = build_services(settings)
        stack.callback(services.close)
        upgrade(services.database)
        submitter = services.accounts.register(Registration("ada@example.org", "correct horse battery", "Ada"))
        client = stack.enter_context(connect(redis.url))
        yield Mill(services, redis, client, submitter.session.account, stack)
