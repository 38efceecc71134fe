"""Accounts and sessions in SQL, the same on both databases."""

from datetime import timedelta

import pytest

from millrace.accounts.account import Role
from millrace.accounts.ports import NewAccount
from millrace.store.account_store import SqlAccountStore
from millrace.store.database import Database
from tests.factories import an_id

DAY = timedelta(days=1)


@pytest.fixture
def account_store(database: Database) -> SqlAccountStore:
    return SqlAccountStore(database)


def a_new_account(email: str = "ada@example.org") -> NewAccount:
    return NewAccount(an_id(), email, "Ada", "a hash")


def test_an_account_is_found_again_by_id_and_by_address(account_store: SqlAccountStore) -> None:
    assert account_store.is_empty()
    account = account_store.add(a_new_account(), Role.OPERATOR)
    assert account is not None
    assert account.created_at.tzinfo is not None
    assert not account_store.is_empty()
    assert account_store.get(account.id) == account
    credentials = account_store.credentials_of("ada@example.org")
    assert credentials is not None
    assert (credentials.account, credentials.password_hash) == (account, "a hash")
    assert account_store.get("not an id") is None
    assert account_store.credentials_of("bob@example.org") is None


def test_the_first_is_added_once(account_store: SqlAccountStore) -> None:
    first = account_store.add_first(a_new_account())
    assert first is not None
    assert first.role is Role.ADMIN
    assert account_store.add_first(a_new_account("bob@example.org")) is None


def test_an_address_belongs_to_one_account(account_store: SqlAccountStore) -> None:
    assert account_store.add(a_new_account(), Role.MEMBER) is not None
    assert account_store.add(a_new_account(), Role.MEMBER) is None


def test_names_are_told_of_those_who_exist(account_store: SqlAccountStore) -> None:
    ada = account_store.add(a_new_account(), Role.MEMBER)
    assert ada is not None
    assert account_store.names_of([ada.id, an_id(), "not an id"]) == {ada.id: "Ada"}
    assert account_store.names_of([]) == {}


def test_a_session_lives_until_it_is_revoked(account_store: SqlAccountStore) -> None:
    ada = account_store.add(a_new_account(), Role.MEMBER)
    assert ada is not None
    session_id = an_id()
    account_store.open_session(session_id, ada.id, "a token's hash", DAY)
    for session in (account_store.use_session("a token's hash"), account_store.live_session(session_id)):
        assert session is not None
        assert (session.id, session.account) == (session_id, ada)
    assert account_store.revoke_session("a token's hash") == session_id
    assert account_store.revoke_session("a token's hash") is None
    assert account_store.use_session("a token's hash") is None
    assert account_store.live_session(session_id) is None


def test_a_session_that_expired_is_dead(account_store: SqlAccountStore) -> None:
    ada = account_store.add(a_new_account(), Role.MEMBER)
    assert ada is not None
    session_id = an_id()
    account_store.open_session(session_id, ada.id, "a token's hash", timedelta(seconds=-1))
    assert account_store.use_session("a token's hash") is None
    assert account_store.live_session(session_id) is None


def test_sessions_are_forgotten_a_while_after_they_expired_revoked_or_not(account_store: SqlAccountStore) -> None:
    ada = account_store.add(a_new_account(), Role.MEMBER)
    assert ada is not None
    for token_hash, lifetime in {"live": DAY, "just expired": -DAY / 2, "old": -3 * DAY, "older": -4 * DAY}.items():
        account_store.open_session(an_id(), ada.id, token_hash, lifetime)
    account_store.revoke_session("old")
    assert [account_store.forget_sessions(DAY, 1) for _ in range(3)] == [1, 1, 0]
    assert account_store.use_session("live") is not None
    assert account_store.revoke_session("just expired") is not None


def test_nothing_is_a_session_of_nobody(account_store: SqlAccountStore) -> None:
    assert account_store.use_session("no token's hash") is None
    assert account_store.live_session(an_id()) is None
    assert account_store.live_session("not an id") is None
    assert account_store.revoke_session("no token's hash") is None
