"""The first account becomes the admin, and there is only one first account, however many ask at once."""

import threading
from collections.abc import Iterator

import pytest

from millrace.accounts.account import Role
from millrace.accounts.passwords import Passwords
from millrace.accounts.service import AccountService, Registration, RegistrationClosed, SignedIn
from millrace.clock import SystemClock
from millrace.settings import Registration as RegistrationSetting
from millrace.settings import Settings
from millrace.store.account_store import SqlAccountStore
from millrace.store.database import Database
from millrace.store.migrate import upgrade

RACERS = 6


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    upgrade(database)
    yield database
    database.close()


def a_service(database: Database, registration: RegistrationSetting) -> AccountService:
    """Accounts as one web process has them."""
    settings = Settings(registration=registration)
    return AccountService(SqlAccountStore(database), Passwords(), settings, SystemClock())


def race(database: Database, registration: RegistrationSetting) -> list[SignedIn | Exception]:
    """Let several processes register their first account at the same moment."""
    start = threading.Barrier(RACERS)
    outcomes: list[SignedIn | Exception] = []

    def register(number: int) -> None:
        service = a_service(database, registration)
        start.wait()
        try:
            wish = Registration(f"racer{number}@example.org", "correct horse battery", f"Racer {number}")
            outcomes.append(service.register(wish))
        except RegistrationClosed as closed:
            outcomes.append(closed)

    threads = [threading.Thread(target=register, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_several_that_race_exactly_one_becomes_the_admin(database: Database) -> None:
    outcomes = race(database, "open")
    roles = sorted(signed.session.account.role for signed in outcomes if isinstance(signed, SignedIn))
    assert roles == [Role.ADMIN] + [Role.MEMBER] * (RACERS - 1)


def test_where_registering_is_closed_the_race_lets_one_in(database: Database) -> None:
    outcomes = race(database, "closed")
    signed_in = [outcome for outcome in outcomes if isinstance(outcome, SignedIn)]
    assert [signed.session.account.role for signed in signed_in] == [Role.ADMIN]
    assert sum(isinstance(outcome, RegistrationClosed) for outcome in outcomes) == RACERS - 1
