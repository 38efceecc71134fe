"""A broker on a real Redis, and jobs that are queued."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from millrace.broker.connection import connect
from millrace.broker.stock_broker import StockBroker
from millrace.jobs.job import Job
from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState
from tests.factories import an_id


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def broker(redis_url: str) -> Iterator[StockBroker]:
    broker = StockBroker(connect(redis_url))
    yield broker
    broker.close()


def a_queued_job(**overrides: Any) -> Job:
    """A job's row as the dispatcher is given it."""
    now = datetime.now(UTC)
    row: dict[str, Any] = {
        "id": an_id(),
        "type": "sleep",
        "summary": "",
        "queue": "default",
        "priority": Priority.NORMAL,
        "state": JobState.QUEUED,
        "attempt": 1,
        "max_attempts": 3,
        "failures": 0,
        "crashes": 0,
        "submitter_id": an_id(),
        "tags": (),
        "time_limit_seconds": 30.0,
        "created_at": now,
        "run_at": now,
        "queued_at": now,
        "started_at": None,
        "finished_at": None,
        "worker_id": None,
        "token": None,
        "cancel_requested_at": None,
        "cancel_requested_by": None,
        "progress_seq": 0,
        "progress_fraction": None,
        "progress_message": "",
        "error_code": None,
        "error_message": None,
        "version": 1,
    }
    return Job(**(row | overrides))
