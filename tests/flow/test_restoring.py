"""What SQL says and what Redis books agree after Redis forgot, whatever was under way."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from millrace.accounts.account import Role
from millrace.jobs.job import Job
from millrace.jobs.outcome import Completed
from millrace.jobs.ports import QueuedMark
from millrace.queues.limits import QueueLimits
from millrace.scheduler.sweeps.restore_queues import RestoreQueues
from millrace.services import Services
from tests.flow.conftest import House, restore_queues


@pytest.fixture
def one_at_a_time(house: House) -> Services:
    """Services whose default queue runs one job at a time."""
    assert house.submitter.role is Role.ADMIN
    house.services.queues.change("default", {"concurrency": 1}, house.submitter)
    return house.services


def test_a_claim_on_its_way_while_redis_forgot_counts_against_the_limit(house: House, one_at_a_time: Services) -> None:
    services = one_at_a_time
    first, _second = house.submit("sleep", {"seconds": 60}), house.submit("sleep", {"seconds": 60})
    services.line.exchange("w1", 1, [], ["default"])
    services.redis.flushall()
    sweep = RestoreQueues(services.jobs, services.queues, services.restoration)
    assert sweep.run_once() > 0
    assert services.jobs.claim(first.delivery, "w1") is not None
    sweep.run_once()
    assert services.line.exchange("w2", 1, [], ["default"]).deliveries == ()


@dataclass
class EndsMeanwhile:
    """Jobs of which one ends, and is acknowledged, just after it was read as running."""

    services: Services
    ending: Job

    def running(self) -> Sequence[Job]:
        running = self.services.jobs.running()
        if running:
            self.services.jobs.settle(self.ending, Completed(None))
            self.services.line.exchange("w1", 0, [self.ending.delivery], ["default"])
        return running

    def queued_after(self, after: QueuedMark | None, limit: int) -> Sequence[Job]:
        return self.services.jobs.queued_after(after, limit)


def test_a_job_that_ends_while_it_is_noted_as_running_leaves_its_slot(house: House, one_at_a_time: Services) -> None:
    services = one_at_a_time
    first, second = house.submit("sleep", {"seconds": 60}), house.submit("sleep", {"seconds": 60})
    services.line.exchange("w1", 1, [], ["default"])
    claimed = services.jobs.claim(first.delivery, "w1")
    assert claimed is not None
    services.redis.flushall()
    sweep = RestoreQueues(EndsMeanwhile(services, claimed.job), services.queues, services.restoration)
    sweep.run_once()
    sweep.run_once()
    assert services.line.exchange("w2", 1, [], ["default"]).deliveries == (("default", second.delivery),)


def test_a_job_submitted_while_the_queues_are_restored_is_sent_at_their_end(house: House) -> None:
    services = house.services
    services.redis.flushall()
    sweep = RestoreQueues(services.jobs, services.queues, services.restoration)
    sweep.run_once()
    job = house.submit("sleep", {"seconds": 60})
    assert services.line.position("default", job.delivery) is None
    sweep.run_once()
    assert services.line.position("default", job.delivery) == 0


def test_limits_hold_after_redis_forgot_them(house: House) -> None:
    services = house.services
    services.queues.change("default", {"paused": True}, house.submitter)
    services.redis.flushall()
    restore_queues(services)
    house.submit("sleep", {"seconds": 60})
    assert services.line.exchange("w", 1, [], ["default"]).deliveries == ()
    services.line.limit("default", QueueLimits(version=9))
    assert len(services.line.exchange("w", 1, [], ["default"]).deliveries) == 1
