"""Settings reach the forkserver as they are, but for those that open doors."""

import json
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from millrace.settings import Settings
from millrace.worker.isolation.handed_settings import handed, settings_from

EVERYTHING_SET = Settings(
    environment="production",
    data_folder=Path("elsewhere"),
    handler_modules=("one", "two"),
    frontend_folder=Path("there"),
    shutdown_grace=timedelta(seconds=1.5),
    worker_threads=3,
)
SECRETS = Settings(database_url="a", redis_url="b", secret_key="c", bootstrap_token="d")


@pytest.mark.parametrize("settings", [Settings(), EVERYTHING_SET])
def test_settings_arrive_as_they_were(settings: Settings) -> None:
    arrived = settings_from(json.loads(json.dumps(handed(settings))))
    assert arrived == settings
    for field in fields(Settings):
        assert type(getattr(arrived, field.name)) is type(getattr(settings, field.name))


def test_what_opens_doors_stays_behind() -> None:
    assert settings_from(handed(SECRETS)) == Settings()
