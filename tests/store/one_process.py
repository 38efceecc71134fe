"""One process of Millrace for tests of the store: the real service on the real store; what it sends out is recorded."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from millrace.accounts.account import Account, Role
from millrace.clock import SystemClock
from millrace.errors import DatabaseUnavailable
from millrace.handlers.sleep import Sleep
from millrace.jobs.events import Event, JobChanged
from millrace.jobs.handler import JobHandler
from millrace.jobs.job import ClaimedJob, Delivery, Job, NewJob
from millrace.jobs.outcome import Claim, Settlement
from millrace.jobs.priority import Priority
from millrace.jobs.registry import Registry
from millrace.jobs.service import JobService, WrongState
from millrace.jobs.states import JobState
from millrace.jobs.submission import Submission
from millrace.queues.worker import NewWorker, ProcessBeat
from millrace.store.file_store import FileStore
from millrace.store.job_batch import BatchWriter, Operation
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from millrace.store.worker_store import SqlWorkerStore
from tests.factories import a_queued_job, an_id
from tests.jobs.job_life_model import Answer, Cancel, Joinable, Requeue, TakeBack, Wish
from tests.store.unreliable_database import Fault, UnreliableDatabase

T = TypeVar("T")

MOST_TRIES = 10


class IsolatedSleep(Sleep):
    """Sleeps in a process of its own."""

    type = "isolated_sleep"
    isolation = "process"


SHARING, ISOLATED = Sleep(), IsolatedSleep()
ADA, BOB = (
    Account(an_id(), f"{name}@example.org", name, Role.OPERATOR, datetime(2026, 1, 1, tzinfo=UTC))
    for name in ("ada", "bob")
)


class Outbox:
    """Both ways out of the service: keeps what was announced, and holds what was sent, as a broker does."""

    def __init__(self) -> None:
        self.announced: list[Job] = []
        self.sent: list[Delivery] = []
        self.held: dict[Delivery, Literal[True]] = {}

    def publish(self, events: Sequence[Event]) -> None:
        self.announced += [event.job for event in events if isinstance(event, JobChanged)]

    def send(self, jobs: Sequence[Job]) -> int:
        assert {job.state for job in jobs} == {JobState.QUEUED}
        new = [job.delivery for job in jobs if job.delivery not in self.held]
        self.sent += new
        self.held.update(dict.fromkeys(new, True))
        return len(new)

    def withdraw(self, jobs: Sequence[Job]) -> int:
        return sum(self.held.pop(job.delivery, False) for job in jobs)


class OneProcess:
    """A service, and those who ask it: again, for as long as the database doesn't answer."""

    def __init__(self, database: UnreliableDatabase, outbox: Outbox) -> None:
        queries = SqlJobQueries(database)
        self._store = SqlJobStore(database)
        self.jobs = JobService(
            Registry([SHARING, ISOLATED]), self._store, queries, FileStore(database), outbox, outbox, SystemClock()
        )
        self._queries = queries
        self._database = database
        self._writer = BatchWriter(database)
        self._workers = SqlWorkerStore(database)

    def until_answered(self, ask: Callable[[JobService], T], faults: Sequence[Fault] = ()) -> tuple[T, int]:
        """Ask again and again, through `faults`; the answer, and how often all was done before without one."""
        self._database.faults.extend(faults)
        unheard = self._database.unheard
        for _ in range(MOST_TRIES):
            try:
                answer = ask(self.jobs)
            except DatabaseUnavailable:
                continue
            self._database.faults.clear()
            return answer, self._database.unheard - unheard
        raise DatabaseUnavailable

    def submit(
        self, handler: JobHandler, seconds: float, run_at: datetime | None, max_attempts: int, faults: Sequence[Fault]
    ) -> tuple[NewJob, Job]:
        """Submit a job to the service, which makes its id; what was to be stored, and what is answered."""
        payload = {"seconds": seconds, "fail": False}
        wish = Submission(handler.type, payload, Priority.LOW, run_at, max_attempts=max_attempts)
        job, _ = self.until_answered(lambda jobs: jobs.submit(wish, ADA), faults)
        new_job = NewJob(
            id=job.id,
            type=handler.type,
            summary=handler.summarize(payload, {}),
            queue=handler.queue,
            priority=wish.priority,
            submitter_id=ADA.id,
            payload=payload,
            tags=wish.tags,
            max_attempts=max_attempts,
            time_limit=handler.time_limit,
            run_at=run_at,
        )
        return new_job, job

    def ask(self, wish: Wish) -> Answer:
        """What the service answers; the store itself where an id is submitted again."""
        try:
            match wish:
                case NewJob():
                    return self._store.submit(wish)
                case Claim():
                    delivery = Delivery(wish.job_id, wish.attempt)
                    return self._row_of(self.jobs.claim(delivery, wish.worker_id, wish.token))
                case Settlement():
                    held = a_queued_job(id=wish.job_id, attempt=wish.attempt, token=wish.token)
                    return self.jobs.settle(held, wish.outcome)
                case Cancel():
                    return self.jobs.cancel(wish.job_id, wish.by)
                case Requeue():
                    return self.jobs.requeue(wish.job_id, ADA)
                case TakeBack():
                    return self.jobs.rescue_unlisted([wish.seen])
        except WrongState:
            return None

    def ask_in_one_batch(self, wishes: Sequence[Joinable]) -> list[Job | None]:
        """The answers to wishes about different jobs, past the group commit, which would choose its batches itself."""
        return [self._row_of(answer) for answer in self._writer.write([_operation_of(wish) for wish in wishes])]

    def resend_unsent(self, limit: int) -> None:
        """Send what is queued and the broker doesn't hold, page by page."""
        mark, _ = self.jobs.resend_unsent(None, timedelta(), limit)
        while mark is not None:
            mark, _ = self.jobs.resend_unsent(mark, timedelta(), limit)

    def hear_of_cancellations(self, process_ids: Sequence[str]) -> Mapping[str, str]:
        """Which jobs should stop on which of its processes, as a worker hears in reply to its heartbeat."""
        self._workers.register(NewWorker("w", "mill", 1, "0.1.0", "3.11", ("default",), len(process_ids), 1))
        reply = self._workers.beat("w", 0, [ProcessBeat(one, held=(), busy=0, memory_bytes=0) for one in process_ids])
        assert reply is not None
        return {job_id: process_id for process_id, job_ids in reply.cancelled.items() for job_id in job_ids}

    def _row_of(self, answer: Job | ClaimedJob | None) -> Job | None:
        if isinstance(answer, ClaimedJob):
            assert answer.payload == self._queries.payload_of(answer.job.id)
            return answer.job
        return answer


def _operation_of(wish: Joinable) -> Operation:
    match wish:
        case NewJob():
            return Operation.of_new_job(wish)
        case Claim():
            return Operation.of_claim(wish)
        case Settlement():
            return Operation.of_settlement(wish)
