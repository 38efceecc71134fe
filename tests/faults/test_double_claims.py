"""The same job twice in one batch of the group commit, and then its message once more: it starts once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import pytest
import sqlalchemy as sa

from millrace.jobs.job import ClaimedJob, Job
from millrace.jobs.outcome import Claim, Completed, Settlement
from millrace.store.job_store import SqlJobStore
from tests.faults.drill import Face
from tests.faults.mill import Mill, mill
from tests.faults.stamping_handlers import BEGUN, ENDED, write_stamp
from tests.waiting import wait_until

JOBS = 24
CLAIMANTS = ("one", "two", "three")


@pytest.fixture
def still(tmp_path_factory: pytest.TempPathFactory, own_database_url: str) -> Iterator[Mill]:
    """A mill whose only process is a scheduler."""
    with mill(tmp_path_factory.mktemp("mill"), own_database_url) as it:
        it.start("scheduler")
        yield it


@contextmanager
def nobody_commits(url: str) -> Iterator[None]:
    """Keep every claim waiting, by a lock of the database's."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_sqlite else "LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def test_of_several_claims_of_one_job_in_one_batch_one_is_granted(still: Mill, face: Face) -> None:
    store = SqlJobStore(still.services.database)

    def claim(job: Job, claimant: str) -> ClaimedJob | None:
        return store.claim(Claim(job.id, job.attempt, str(uuid4()), claimant))

    with face("the same job three times in one batch", still) as fault:
        jobs = fault.submit(JOBS)
        claims = [(job, claimant) for job in jobs for claimant in CLAIMANTS]
        with ThreadPoolExecutor(len(claims)) as pool:
            with nobody_commits(still.services.settings.database_url):
                answers = [pool.submit(claim, *one) for one in claims]
                wait_until(lambda: len(store._group._waiting) == len(claims) - 1, message="the claims to gather")
            granted = [claimed.job for answer in answers if (claimed := answer.result()) is not None]
        fault.strikes()
        for job in granted:
            for what in (BEGUN, ENDED):
                write_stamp(str(fault.stamps.file), what, job.id, job.attempt)
            assert job.token is not None
            store.settle(Settlement(job.id, job.attempt, job.token, Completed(None)))
        fault.is_over()
        # Their messages still wait in the queue: a worker is refused by the claim.
        still.start("worker")
        fault.remark = f"{len(claims)} claims, {len(granted)} granted; each message then came once more"
    assert Counter(job.id for job in granted) == {job.id: 1 for job in jobs}
    fault.assert_completed(at_once=True)
