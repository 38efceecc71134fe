"""What accounts need of a database, as a protocol."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from millrace.accounts.account import Account, Role


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A checked account before it has a row."""

    id: str
    email: str
    name: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account, and what its password is compared with."""

    account: Account
    password_hash: str


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in on one device. Whoever holds the token whose hash is stored may refresh it."""

    id: str
    account: Account


class AccountStore(Protocol):
    """Keeps accounts and sessions. All methods raise `DatabaseUnavailable` where the database doesn't answer."""

    def is_empty(self) -> bool:
        """Whether there is no account yet."""

    def add_first(self, new: NewAccount) -> Account | None:
        """Add an admin if there is no account, else None: of two that race, one is told None."""

    def add(self, new: NewAccount, role: Role) -> Account | None:
        """Add an account, or None where its e-mail is taken."""

    def get(self, account_id: str) -> Account | None: ...
    def credentials_of(self, email: str) -> Credentials | None: ...
    def names_of(self, account_ids: Collection[str]) -> Mapping[str, str]:
        """Names by id, of those that exist."""

    def open_session(self, session_id: str, account_id: str, token_hash: str, lifetime: timedelta) -> None: ...
    def use_session(self, token_hash: str) -> Session | None:
        """Note that the session is used; None where it expired or was revoked."""

    def live_session(self, session_id: str) -> Session | None:
        """The session, or None where it expired or was revoked."""

    def revoke_session(self, token_hash: str) -> str | None:
        """End the session of this token; its id, or None where there is none."""

    def forget_sessions(self, expired_for: timedelta, limit: int) -> int:
        """Delete up to `limit` sessions that expired longer ago, revoked or not; how many there were."""
