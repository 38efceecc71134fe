"""What several people ask of the same job at the same moment."""

from dataclasses import dataclass
from typing import Any

from millrace.broker.dispatcher import RedisDispatcher
from millrace.jobs.job import Delivery, Job
from millrace.jobs.service import JobService
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from tests.factories import an_id
from tests.flow.conftest import House


@dataclass
class CrowdedStore:
    """The real store, where somebody else is always a moment faster to cancel."""

    store: SqlJobStore

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def cancel(self, job_id: str, by: str) -> Job | None:
        self.store.cancel(job_id, an_id())
        return self.store.cancel(job_id, by)


def test_a_running_job_that_two_people_cancel_at_once_is_cancelled_for_both(house: House) -> None:
    services = house.services
    store, queries = CrowdedStore(SqlJobStore(services.database)), SqlJobQueries(services.database)
    dispatcher = RedisDispatcher(services.line, services.clock)
    jobs = JobService(services.registry, store, queries, services.files, dispatcher, services.publisher, services.clock)
    job = house.submit("sleep", {"seconds": 60})
    assert jobs.claim(Delivery(job.id, 1), "w1") is not None
    assert jobs.cancel(job.id, house.submitter).cancel_requested
