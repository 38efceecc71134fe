"""One attempt on a real store whose replies get lost, whose rows refuse, and whose handlers are unknown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from millrace.errors import DatabaseUnavailable
from millrace.jobs.job import ClaimedJob, Job
from millrace.jobs.outcome import Claim, Completed, Settlement
from millrace.jobs.registry import Registry
from millrace.jobs.service import JobService
from millrace.jobs.states import JobState
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from millrace.worker.attempt import AttemptRunner
from millrace.worker.held import HeldAttempts
from millrace.worker.isolation.launcher import Launcher
from millrace.worker.patience import Patience
from millrace.worker.reporter import Reporter
from millrace.worker.scratch import ScratchFolders
from tests.flow.conftest import House

S = JobState
RunAttempt = Callable[..., None]


@dataclass
class LossyStore:
    """The real store, which does what it is asked and then, as often as the test says, doesn't answer."""

    store: SqlJobStore
    lost_claims: int = 0
    lost_settlements: int = 0
    refuses_results: bool = False
    claims: list[Claim] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def claim(self, claim: Claim) -> ClaimedJob | None:
        self.claims.append(claim)
        claimed = self.store.claim(claim)
        if len(self.claims) <= self.lost_claims:
            raise DatabaseUnavailable
        return claimed

    def settle(self, settlement: Settlement) -> Job | None:
        self.settlements.append(settlement)
        if self.refuses_results and isinstance(settlement.outcome, Completed):
            raise ValueError("no row can hold this")
        settled = self.store.settle(settlement)
        if len(self.settlements) <= self.lost_settlements:
            raise DatabaseUnavailable
        return settled


@pytest.fixture
def store(house: House) -> LossyStore:
    return LossyStore(SqlJobStore(house.services.database))


@pytest.fixture
def run(house: House, store: LossyStore, tmp_path: Path) -> Iterator[RunAttempt]:
    """Runs the current attempt of a job in this thread, with the registry given or the real one."""
    services = house.services
    queries = SqlJobQueries(services.database)
    scratch = ScratchFolders(tmp_path / "scratch", "w1")
    scratch.open()
    held = HeldAttempts(services.clock)

    def run_attempt(job: Job, registry: Registry = services.registry) -> None:
        jobs = JobService(registry, store, queries, services.files, _Nobody(), services.publisher, services.clock)
        reporter = Reporter(jobs, services.clock)
        launcher = Launcher(services.settings)
        runner = AttemptRunner(
            "w1", jobs, registry, services.files, held, reporter, scratch, Patience(), launcher, list
        )
        runner.run(job.delivery)
        runner.close()
        assert len(held) == 0

    yield run_attempt
    scratch.close()


class _Nobody:
    """A dispatcher that sends to nobody."""

    def send(self, jobs: object) -> int:
        return 0

    def withdraw(self, jobs: object) -> int:
        return 0


def test_a_claim_whose_reply_was_lost_is_repeated_with_its_own_token_and_finds_itself_done(
    house: House, store: LossyStore, run: RunAttempt
) -> None:
    store.lost_claims = 2
    job = house.submit("echo", {"text": "once"})
    run(job)
    assert house.get(job).state is S.COMPLETED
    assert len(store.claims) == 3
    assert len({claim.token for claim in store.claims}) == 1


def test_a_settlement_whose_reply_was_lost_is_repeated_and_finds_itself_done(
    house: House, store: LossyStore, run: RunAttempt
) -> None:
    store.lost_settlements = 2
    job = house.submit("echo", {"text": "once"})
    run(job)
    assert len(store.settlements) == 3
    assert house.get(job).state is S.COMPLETED
    assert len(house.services.reader.attempts(job.id, house.submitter)) == 1


def test_the_same_message_again_starts_nothing(house: House, store: LossyStore, run: RunAttempt) -> None:
    job = house.submit("echo", {"text": "once"})
    run(job)
    run(job)
    assert len(store.settlements) == 1


def test_what_was_taken_away_meanwhile_cannot_be_settled(house: House, store: LossyStore, run: RunAttempt) -> None:
    job = house.submit("echo", {"text": "late"})
    original = store.settle

    def settle_late(settlement: Settlement) -> Job | None:
        house.services.jobs.rescue_from("w1")
        return original(settlement)

    store.settle = settle_late  # type: ignore[method-assign]
    with capture_logs() as logs:
        run(job)
    assert "attempt_was_taken_away" in [line["event"] for line in logs]
    rescued = house.get(job)
    assert (rescued.state, rescued.attempt, rescued.error_code) == (S.RETRYING, 2, "worker_lost")


def test_an_outcome_that_no_row_can_hold_fails_the_job_instead_of_leaving_it_running(
    house: House, store: LossyStore, run: RunAttempt
) -> None:
    store.refuses_results = True
    job = house.submit("echo", {"text": "poison"})
    run(job)
    assert (house.get(job).state, house.get(job).error_code) == (S.FAILED, "not_recorded")


def test_a_type_that_this_worker_does_not_know_is_left_for_one_that_does(house: House, run: RunAttempt) -> None:
    job = house.submit("echo", {"text": "new"})
    run(job, Registry([]))
    assert (house.get(job).state, house.get(job).error_code) == (S.RETRYING, "unknown_job_type")


def test_a_job_cancelled_before_its_handler_began_ends_without_it(house: House, run: RunAttempt) -> None:
    job = house.submit("echo", {"text": "never"})
    house.services.jobs.cancel(job.id, house.submitter)
    run(job)
    assert house.get(job).state is S.CANCELLED
    assert house.services.reader.attempts(job.id, house.submitter) == []
