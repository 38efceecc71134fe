"""What has been kept long enough goes, whole, and nothing else does."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from millrace.broker.dispatcher import RedisDispatcher
from millrace.jobs.job import Job
from millrace.jobs.outcome import Completed, Failed, Outcome, RetriedLater
from millrace.jobs.service import JobNotFound, JobService
from millrace.jobs.states import JobState
from millrace.scheduler.loop import SchedulerLoop
from millrace.scheduler.sweeps.prune import REST_AT_THE_END_SECONDS, Prune
from millrace.services import Services
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from millrace.store.tables import jobs, sessions
from tests.factories import AN_ERROR
from tests.flow.conftest import House
from tests.waiting import wait_until

DAY = timedelta(days=1)
ENDS: dict[JobState, Outcome] = {
    JobState.COMPLETED: Completed({"slept": 1}),
    JobState.FAILED: Failed(AN_ERROR),
    JobState.CANCELLED: RetriedLater(AN_ERROR, DAY),  # which ends a job that was asked to stop
}


def finish(house: House, state: JobState) -> Job:
    """A job with an artifact that ended in `state`."""
    services = house.services
    job = house.submit("sleep", {"seconds": 1})
    claimed = services.jobs.claim(job.delivery, "w1")
    assert claimed is not None
    services.files.save_artifact(claimed.job, "made.txt", b"made")
    if state is JobState.CANCELLED:
        services.jobs.cancel(job.id, house.submitter)
    settled = services.jobs.settle(claimed.job, ENDS[state])
    assert settled is not None
    assert settled.state is state
    return settled


def set_time(services: Services, column: sa.Column[datetime], of: str, ago: timedelta) -> None:
    """Let something that the row `of` tells have happened longer ago."""
    moment = services.clock.utc_now() - ago
    statement = column.table.update().where(column.table.c.id == of).values({column.name: moment})
    services.database.write(lambda connection: connection.execute(statement))


def files_on_disk(services: Services) -> int:
    return sum(path.is_file() for path in services.settings.files_folder.rglob("*"))


def prune_all(services: Services) -> None:
    """Do what the scheduler does until it would take a long rest."""
    sweep = Prune.of(services.jobs, services.files, services.accounts, services.settings, services.clock)
    while sweep.run_once() < REST_AT_THE_END_SECONDS:
        pass


@pytest.mark.parametrize(("state", "days"), [(JobState.COMPLETED, 30), (JobState.FAILED, 90), (JobState.CANCELLED, 30)])
def test_a_finished_job_is_kept_as_long_as_its_state_says_and_its_files_go_with_it(
    house: House, state: JobState, days: int
) -> None:
    services = house.services
    old, young = finish(house, state), finish(house, state)
    assert files_on_disk(services) == 2
    set_time(services, jobs.c.finished_at, old.id, days * DAY + timedelta(minutes=1))
    set_time(services, jobs.c.finished_at, young.id, days * DAY - timedelta(minutes=1))

    prune_all(services)

    with pytest.raises(JobNotFound):
        house.get(old)
    assert house.get(young).state is state
    assert files_on_disk(services) == 1


def test_settings_say_how_long_jobs_are_kept(house: House, make_services: Callable[..., Services]) -> None:
    job = finish(house, JobState.FAILED)
    set_time(house.services, jobs.c.finished_at, job.id, 100 * DAY)
    prune_all(make_services(keep_failed=101 * DAY))
    assert house.get(job).state is JobState.FAILED
    prune_all(make_services(keep_failed=99 * DAY))
    with pytest.raises(JobNotFound):
        house.get(job)


def test_half_written_files_and_expired_sessions_go_after_a_day(house: House) -> None:
    services = house.services
    incoming = services.settings.files_folder / "incoming"
    incoming.mkdir(parents=True)
    for name, age in {"left behind": 1.1 * DAY, "on its way": 0.9 * DAY}.items():
        (incoming / name).touch()
        modified = (services.clock.utc_now() - age).timestamp()
        os.utime(incoming / name, (modified, modified))

    def open_sessions() -> list[str]:
        return list(services.database.read(lambda connection: connection.scalars(sa.select(sessions.c.id)).all()))

    services.accounts.sign_in("ada@example.org", "correct horse battery")
    expired, live = sorted(open_sessions())
    set_time(services, sessions.c.expires_at, expired, 1.1 * DAY)

    prune_all(services)

    assert [path.name for path in incoming.iterdir()] == ["on its way"]
    assert open_sessions() == [live]


@dataclass
class ForgetfulStore:
    """The real store, where a job that is to be sent again is pruned a moment before."""

    store: SqlJobStore

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def requeue(self, job_id: str) -> Job | None:
        assert self.store.prune(JobState.COMPLETED, -DAY, 10) == 1
        return self.store.requeue(job_id)


def test_a_job_that_goes_while_somebody_sends_it_again_is_told_to_be_gone(house: House) -> None:
    services = house.services
    store, queries = ForgetfulStore(SqlJobStore(services.database)), SqlJobQueries(services.database)
    dispatcher = RedisDispatcher(services.line, services.clock)
    service = JobService(
        services.registry, store, queries, services.files, dispatcher, services.publisher, services.clock
    )
    with pytest.raises(JobNotFound):
        service.requeue(finish(house, JobState.COMPLETED).id, house.submitter)


@pytest.mark.parametrize("state", sorted(set(JobState) - set(ENDS)))
def test_a_job_that_hasnt_finished_cant_be_pruned(house: House, state: JobState) -> None:
    with pytest.raises(ValueError, match=state):
        house.services.jobs.prune(state, DAY, 10)


def test_the_scheduler_prunes(house: House, make_services: Callable[..., Services]) -> None:
    job = finish(house, JobState.COMPLETED)
    set_time(house.services, jobs.c.finished_at, job.id, 31 * DAY)
    ended = threading.Event()
    scheduler = threading.Thread(target=SchedulerLoop.of(make_services()).run, args=(ended.wait,))
    scheduler.start()
    try:
        wait_until(lambda: files_on_disk(house.services) == 0)
    finally:
        ended.set()
        scheduler.join()
    with pytest.raises(JobNotFound):
        house.get(job)
