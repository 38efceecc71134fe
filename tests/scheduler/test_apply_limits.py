"""What an operator set holds in the end, though Redis didn't hear of it or forgot."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from millrace.accounts.account import Account
from millrace.accounts.service import Registration
from millrace.broker.redis_queues import PREFIX
from millrace.scheduler.sweeps import apply_limits
from millrace.scheduler.sweeps.apply_limits import ApplyLimits
from millrace.services import Services, build_services
from millrace.settings import Settings
from millrace.store.migrate import upgrade

LIMITS_OF_IMAGES = f"{PREFIX}:limits:images"


@pytest.fixture
def settings(sqlite_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=sqlite_url, redis_url=redis_url, data_folder=tmp_path)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = build_services(settings)
    upgrade(services.database)
    yield services
    services.close()


@pytest.fixture
def admin(services: Services) -> Account:
    first = services.accounts.register(Registration("ada@example.org", "correct horse battery", "Ada"))
    return first.session.account


def test_a_limit_that_redis_didnt_hear_of_is_told_within_seconds(
    services: Services, settings: Settings, admin: Account
) -> None:
    cut_off = build_services(replace(settings, redis_url="redis://127.0.0.1:1"))
    cut_off.queues.change("images", {"paused": True}, admin)
    cut_off.close()
    assert not services.redis.exists(LIMITS_OF_IMAGES)

    assert ApplyLimits(services.queues).run_once() == apply_limits.REST_SECONDS <= 5

    assert services.redis.hget(LIMITS_OF_IMAGES, "paused") == b"1"


def test_limits_that_redis_forgot_are_told_again(services: Services, admin: Account) -> None:
    services.queues.change("images", {"rate": 10, "period_seconds": 0.5}, admin)
    services.redis.flushall()

    ApplyLimits(services.queues).run_once()

    told = {name: services.redis.hget(LIMITS_OF_IMAGES, name) for name in ("rate", "period", "version")}
    assert told == {"rate": b"10", "period": b"500", "version": b"1"}
