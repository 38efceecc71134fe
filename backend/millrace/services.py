"""The only place where parts are joined: settings in, working services out. Nothing connects before its first use."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

from millrace.accounts.passwords import Passwords
from millrace.accounts.service import AccountService
from millrace.broker.connection import connect
from millrace.broker.dispatcher import RedisDispatcher
from millrace.broker.priority_broker import PriorityBroker
from millrace.broker.redis_queues import RedisQueues
from millrace.broker.restoration import QueueRestoration
from millrace.clock import Clock, SystemClock
from millrace.discovery import build_registry
from millrace.errors import DatabaseUnavailable
from millrace.eventbus.publisher import RedisPublisher
from millrace.eventbus.subscriber import Subscriber
from millrace.eventbus.wire import SHOWN, Kind
from millrace.files.local import LocalFolder
from millrace.files.service import FileService
from millrace.jobs.events import Event
from millrace.jobs.reader import JobReader
from millrace.jobs.registry import Registry
from millrace.jobs.service import JobService
from millrace.offload import Offload, run_here
from millrace.queues.service import QueueService
from millrace.queues.worker import WorkerStore
from millrace.queues.worker_service import WorkerService
from millrace.settings import Settings
from millrace.store.account_store import SqlAccountStore
from millrace.store.database import Database
from millrace.store.file_store import FileStore
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from millrace.store.lease_store import SqlLeaseStore
from millrace.store.migrate import is_current
from millrace.store.queue_store import SqlQueueLimitStore
from millrace.store.worker_store import SqlWorkerStore


@dataclass(frozen=True, slots=True)
class Dependency:
    """How a part that Millrace leans on answered: None where it didn't, else after how long."""

    name: str
    latency_seconds: float | None

    @property
    def answers(self) -> bool:
        """Whether it is there."""
        return self.latency_seconds is not None


@dataclass(frozen=True, slots=True)
class Services:
    """What the interfaces work with. One per process."""

    settings: Settings
    clock: Clock
    offload: Offload
    registry: Registry
    jobs: JobService
    reader: JobReader
    accounts: AccountService
    files: FileService
    queues: QueueService
    workers: WorkerStore
    worker_service: WorkerService
    leases: SqlLeaseStore
    broker: PriorityBroker
    line: RedisQueues
    restoration: QueueRestoration
    publisher: RedisPublisher
    database: Database
    redis: Redis

    def subscriber(
        self, on_event: Callable[[Event], None], on_gap: Callable[[], None], *, cancellations_only: bool = False
    ) -> Subscriber:
        """A subscription to everything that is announced, or to cancellations of running jobs alone."""
        kinds = frozenset({Kind.CANCELLATIONS}) if cancellations_only else SHOWN
        return Subscriber(lambda: connect(self.settings.redis_url), on_event, on_gap, kinds=kinds)

    def dependencies(self) -> tuple[Dependency, Dependency]:
        """The database and Redis, asked just now. The database counts only with the newest schema."""
        return (
            Dependency("database", self._latency(lambda: is_current(self.database))),
            Dependency("redis", self._latency(self.redis.ping)),
        )

    def _latency(self, ask: Callable[[], object]) -> float | None:
        start = time.perf_counter()
        try:
            answer = ask()
        except (DatabaseUnavailable, RedisError, OSError):
            return None
        return time.perf_counter() - start if answer else None

    def close(self) -> None:
        """Write what waits to be announced, and let go of every connection."""
        self.publisher.close()
        self.redis.close()
        self.database.close()


def build_services(settings: Settings, *, offload: Offload = run_here) -> Services:
    """Join the parts.

    Args:
        offload: Where blocking work runs; a cooperative server passes its thread pool.

    Raises:
        ConfigurationError: A URL, a handler module or a job type is wrong.
    """
    clock = SystemClock()
    database = Database(settings.database_url, full_sync=settings.sqlite_full_sync, offload=offload)
    redis = connect(settings.redis_url)
    line = RedisQueues(redis)
    publisher = RedisPublisher(lambda: connect(settings.redis_url))
    registry = build_registry(settings)
    queries = SqlJobQueries(database)
    files = _build_files(settings, database, offload)
    workers = SqlWorkerStore(database)
    jobs = JobService(registry, SqlJobStore(database), queries, files, RedisDispatcher(line, clock), publisher, clock)
    return Services(
        settings=settings,
        clock=clock,
        offload=offload,
        registry=registry,
        jobs=jobs,
        reader=JobReader(queries, files),
        accounts=AccountService(SqlAccountStore(database), Passwords(offload), settings, clock),
        files=files,
        queues=QueueService(registry.queues, SqlQueueLimitStore(database), line),
        workers=workers,
        worker_service=WorkerService(workers),
        leases=SqlLeaseStore(database),
        broker=PriorityBroker(line, clock),
        line=line,
        restoration=QueueRestoration(redis, line),
        publisher=publisher,
        database=database,
        redis=redis,
    )


def _build_files(settings: Settings, database: Database, offload: Offload) -> FileService:
    return FileService(
        FileStore(database),
        LocalFolder(settings.files_folder),
        max_upload_bytes=settings.max_upload_bytes,
        offload=offload,
    )
