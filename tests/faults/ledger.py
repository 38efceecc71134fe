"""What SQL says of the jobs of one Millrace, read beside whatever happens to its processes; and who submits them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from millrace.accounts.account import Account
from millrace.accounts.service import Registration
from millrace.jobs.job import AttemptRecord, Job
from millrace.jobs.states import FINISHED, UNFINISHED, JobState
from millrace.jobs.submission import Submission
from millrace.services import Services
from millrace.store import moves
from millrace.store.tables import attempts, jobs
from tests.faults.stamps import Stamps
from tests.waiting import wait_until

FREE, NARROW, FLAKY, SAVING = "stamped_free", "stamped_narrow", "stamped_flaky", "stamped_saving"
NARROW_QUEUE = "narrow"
LOST = ("worker_lost", "attempt_lost")
"""Errors of attempts that were taken from their worker."""

ADA = Registration("ada@example.org", "correct horse battery", "Ada")


@dataclass(frozen=True)
class Ledger:
    """Reads with services of this process, as an account that sees everything."""

    services: Services
    account: Account

    def submit(
        self,
        type_name: str,
        count: int,
        stamps: Stamps,
        seconds: float,
        besides: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> list[Job]:
        """Submit jobs that take so many seconds, note in `stamps`, and may be told more besides."""
        submission = Submission(type_name, {"file": str(stamps.file), "seconds": seconds, **(besides or {})}, **options)
        return [self.services.jobs.submit(submission, self.account) for _ in range(count)]

    def jobs(self) -> Mapping[str, Job]:
        """Every job there is."""
        statement = sa.select(*moves.ROW)
        rows = self.services.database.read(lambda connection: connection.execute(statement).all())
        return {row.id: moves.job_of(row) for row in rows}

    def states(self, ids: Collection[str]) -> list[JobState]:
        """Where those of `ids` stand that are there."""
        statement = sa.select(jobs.c.id, jobs.c.state)
        rows = self.services.database.read(lambda connection: connection.execute(statement).all())
        return [row.state for row in rows if row.id in ids]

    def running(self) -> set[str]:
        """The ids of jobs that run."""
        return {job.id for job in self.services.jobs.running()}

    def lost_attempts(self, ids: Collection[str]) -> int:
        """How many attempts of `ids` were taken from a worker that was given up for lost, or didn't know of them."""
        statement = sa.select(attempts.c.job_id).where(attempts.c.error_code.in_(LOST))
        found = self.services.database.read(lambda connection: connection.execute(statement).scalars().all())
        return sum(job_id in ids for job_id in found)

    def attempts(self, job: Job) -> Sequence[AttemptRecord]:
        """What became of the attempts of a job, newest first."""
        return self.services.reader.attempts(job.id, self.account)

    def are_finished(self, ids: Collection[str]) -> bool:
        """Whether all of `ids` are there and have finished."""
        states = self.states(ids)
        return len(states) == len(ids) and FINISHED.issuperset(states)

    def is_done(self) -> bool:
        """Whether every job there is has finished."""
        statement = sa.select(sa.exists().where(jobs.c.state.in_(sorted(UNFINISHED))))
        return not self.services.database.read(lambda connection: connection.execute(statement).scalar_one())

    def await_completed(self, jobs: Sequence[Job], seconds: float) -> None:
        """Wait until every job has finished: each of `jobs` completed, by one attempt."""
        wait_until(self.is_done, seconds, "every job to finish")
        for job in jobs:
            assert self.services.reader.get(job.id, self.account).state is JobState.COMPLETED
            assert len(self.attempts(job)) == 1
