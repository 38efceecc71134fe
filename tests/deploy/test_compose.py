"""docker-compose.yml and the Dockerfiles are right, as far as that shows without a Docker engine."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from millrace.run.embedded_redis import FLAGS
from millrace.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE: tuple[str | Path, ...] = (BIN / "docker-compose", "--env-file", os.devnull)
DOCKERFILES = ["backend/Dockerfile", "frontend/Dockerfile"]
SECRETS = {
    "MILLRACE_SECRET_KEY": "s" * 48,
    "MILLRACE_BOOTSTRAP_TOKEN": "token",
    "MILLRACE_DATABASE_PASSWORD": "password",
}


def run(*command: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    settings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(environment or {})}
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services as Compose itself reads them."""
    done = run(*COMPOSE, "config", "--format", "json", environment=SECRETS)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


def test_compose_file_follows_the_specification() -> None:
    done = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("secret", SECRETS)
def test_compose_refuses_to_start_without_a_secret(secret: str) -> None:
    others = {name: value for name, value in SECRETS.items() if name != secret}
    done = run(*COMPOSE, "config", "--quiet", environment=others)
    assert done.returncode != 0
    assert secret in done.stderr


def test_example_of_the_environment_names_every_secret() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert [name for name in SECRETS if f"\n{name}=" not in example] == []


def test_each_process_runs_from_the_same_image(services: dict[str, Any]) -> None:
    commands = {name: services[name]["command"] for name in ("web", "worker", "scheduler", "migrate")}
    assert commands == {
        "web": ["web"],
        "worker": ["worker"],
        "scheduler": ["scheduler"],
        "migrate": ["manage", "migrate"],
    }
    assert {services[name]["image"] for name in commands} == {"millrace-backend"}


@pytest.mark.parametrize("name", ["web", "worker", "scheduler", "migrate"])
def test_settings_of_each_process_are_accepted(services: dict[str, Any], name: str) -> None:
    settings = load_settings(image_environment() | services[name]["environment"])
    assert settings.environment == "production"
    assert settings.database_url.startswith("postgresql")
    assert settings.behind_proxy == (name == "web")


def test_compose_keeps_jobs_as_long_as_is_usual(services: dict[str, Any]) -> None:
    settings, usual = load_settings(image_environment() | services["scheduler"]["environment"]), Settings()
    for name in ("keep_completed", "keep_failed", "keep_cancelled"):
        assert getattr(settings, name) == getattr(usual, name)


def test_days_that_jobs_are_kept_are_set_for_the_scheduler() -> None:
    done = run(*COMPOSE, "config", environment=SECRETS | {"MILLRACE_KEEP_FAILED_DAYS": "7"})
    assert 'MILLRACE_KEEP_FAILED_DAYS: "7"' in done.stdout


def image_environment() -> dict[str, str]:
    """What the backend's Dockerfile sets."""
    text = (ROOT / "backend" / "Dockerfile").read_text(encoding="utf-8")
    return dict(re.findall(r"\b(MILLRACE_\w+)=(\S+)", text))


def test_nothing_starts_before_the_database_is_migrated(services: dict[str, Any]) -> None:
    for name in ("web", "worker", "scheduler"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_redis_writes_and_evicts_as_the_embedded_one_does(services: dict[str, Any]) -> None:
    command = services["redis"]["command"]
    for name in ("--appendonly", "--appendfsync", "--maxmemory-policy"):
        assert command[command.index(name) + 1] == FLAGS[FLAGS.index(name) + 1]


def test_only_the_frontend_is_reached_from_outside(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["frontend"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_dockerfile_pleases_hadolint(dockerfile: str) -> None:
    done = run(BIN / "hadolint", dockerfile)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_dockerfile_copies_only_what_is_there_and_not_ignored(dockerfile: str) -> None:
    allowed = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = [
        source
        for line in (ROOT / dockerfile).read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert [source for source in copied if source.split("/")[0] not in allowed] == []
