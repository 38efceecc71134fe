"""A whole Millrace without its web server: real services on a database and a Redis of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from millrace.accounts.account import Account
from millrace.accounts.service import Registration
from millrace.jobs.job import Job
from millrace.jobs.states import JobState
from millrace.jobs.submission import Submission
from millrace.scheduler.sweeps.restore_queues import RestoreQueues
from millrace.services import Services, build_services
from millrace.settings import Settings
from millrace.store.migrate import upgrade
from tests.waiting import wait_until


def restore_queues(services: Services) -> None:
    """Do what the scheduler does after Redis forgot, and with a Redis that is new."""
    sweep = RestoreQueues(services.jobs, services.queues, services.restoration)
    sweep.run_once()
    sweep.run_once()


SAMPLE_HANDLERS = "tests.flow.sample_handlers"


@dataclass(frozen=True)
class House:
    """Services, and somebody to use them."""

    services: Services
    submitter: Account

    def submit(self, type_name: str, payload: dict[str, Any] | None = None, **options: Any) -> Job:
        """Submit a job of the test's account."""
        return self.services.jobs.submit(Submission(type_name, payload or {}, **options), self.submitter)

    def get(self, job: Job) -> Job:
        """The row as it is now."""
        return self.services.reader.get(job.id, self.submitter)

    def wait_for(self, job: Job, *states: JobState, timeout: float = 15) -> Job:
        """The row, once it is in one of `states`."""
        wait_until(lambda: self.get(job).state in states, timeout, f"{job.type} to be {' or '.join(states)}")
        return self.get(job)


@pytest.fixture
def settings(sqlite_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return replace(
        Settings(),
        database_url=sqlite_url,
        redis_url=redis_url,
        data_folder=tmp_path,
        handler_modules=(SAMPLE_HANDLERS,),
        worker_threads=4,
        shutdown_grace=timedelta(seconds=1),
    )


@pytest.fixture
def make_services(settings: Settings) -> Iterator[Callable[..., Services]]:
    """Makes services of one more process; each is closed at the end."""
    with ExitStack() as stack:

        def make(**changes: Any) -> Services:
            services = build_services(replace(settings, **changes))
            stack.callback(services.close)
            return services

        yield make


@pytest.fixture
def house(make_services: Callable[..., Services]) -> House:
    services = make_services()
    upgrade(services.database)
    restore_queues(services)
    submitter = services.accounts.register(Registration("ada@example.org", "correct horse battery", "Ada"))
    return House(services, submitter.session.account)
