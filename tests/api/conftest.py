"""The whole app in front of a real store and a real Redis; each test has its own."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from millrace.accounts.account import Role
from millrace.accounts.service import Registration
from millrace.api.app import create_app
from millrace.api.context import access
from millrace.services import Services, build_services
from millrace.settings import Settings
from millrace.store.database import Database
from millrace.store.job_store import SqlJobStore
from millrace.store.migrate import upgrade
from millrace.store.tables import accounts
from tests.api.callers import PASSWORD, Caller
from tests.factories import JobsInStates

MakeApp = Callable[..., Flask]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with every table, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "millrace.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture
def settings(migrated_file: Path, tmp_path: Path, redis_url: str) -> Settings:
    path = tmp_path / "millrace.db"
    shutil.copy(migrated_file, path)
    return Settings(
        data_folder=tmp_path,
        database_url=f"sqlite:///{path}",
        redis_url=redis_url,
        secret_key="k" * 40,
        sign_in_limit="1000 per minute",
        request_limit="100000 per minute",
        max_upload_bytes=2 * 1024 * 1024,
        frontend_folder=tmp_path / "frontend",
    )


@pytest.fixture
def make_app(settings: Settings) -> Iterator[MakeApp]:
    """Makes an app, with other settings where that is asked for."""
    made: list[Services] = []

    def make(**overrides: Any) -> Flask:
        services = build_services(replace(settings, **overrides))
        made.append(services)
        return create_app(services)

    yield make
    for services in made:
        services.close()


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def services(app: Flask) -> Services:
    services: Services = app.extensions["millrace"].services
    return services


@pytest.fixture
def jobs(services: Services) -> JobsInStates:
    return JobsInStates(SqlJobStore(services.database))


@pytest.fixture
def stranger(app: Flask) -> Caller:
    """Somebody who isn't signed in."""
    return Caller(app.test_client())


class People:
    """Signs people in, each with an account of their own."""

    def __init__(self, app: Flask, services: Services) -> None:
        self._app = app
        self._services = services
        self._count = 0

    def of_role(self, role: Role) -> Caller:
        """A new account with `role`, signed in."""
        self._count += 1
        email = f"{role}{self._count}@example.org"
        signed = self._services.accounts.register(Registration(email, PASSWORD, f"{role} {self._count}"))
        change = accounts.update().where(accounts.c.email == email).values(role=role.value)
        self._services.database.write(lambda connection: connection.execute(change))
        account = replace(signed.session.account, role=role)
        with self._app.app_context():
            token = access().token_for(signed.session)
        return Caller(self._app.test_client(), account, token)


@pytest.fixture
def people(app: Flask, services: Services) -> People:
    return People(app, services)


@pytest.fixture
def member(people: People) -> Caller:
    return people.of_role(Role.MEMBER)


@pytest.fixture
def admin(people: People) -> Caller:
    return people.of_role(Role.ADMIN)
