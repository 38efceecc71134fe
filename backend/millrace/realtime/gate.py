"""Who is connected. A client shows its access token when it connects; a session that ends takes its sockets with it.

Tokens are verified by the same piece that REST uses, handed in as `enter`.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from millrace.accounts.account import Account
from millrace.accounts.service import AccountService
from millrace.clock import Clock
from millrace.errors import NotAuthenticated, Unavailable

GRACE_AFTER_EXPIRY = timedelta(minutes=1)
"""How long a socket outlives its access token, so that the client has the time to renew it."""


class Entry(Protocol):
    """What a verified token says; `expires_at` in seconds since the epoch."""

    @property
    def account(self) -> Account: ...
    @property
    def session_id(self) -> str: ...
    @property
    def expires_at(self) -> float: ...


Enter = Callable[[str], Entry]
"""Verifies an access token. Raises NotAuthenticated."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who is connected, as the token said that was shown last."""

    account: Account
    session_id: str
    expires_at: float


class Gate:
    """Keeps the guests of this process by the id of their socket. Safe to share between threads."""

    def __init__(self, enter: Enter, accounts: AccountService, clock: Clock) -> None:
        self._enter = enter
        self._accounts = accounts
        self._clock = clock
        self._guests: dict[str, Guest] = {}
        self._lock = threading.Lock()

    def admit(self, sid: str, auth: object) -> None:
        """Let a socket in by what its client sent as `auth`.

        Raises:
            NotAuthenticated: It holds no valid access token.
        """
        guest = self._verify(auth)
        with self._lock:
            self._guests[sid] = guest

    def renew(self, sid: str, auth: object) -> None:
        """Let a socket stay by a newer token of the same account.

        Raises:
            NotAuthenticated: The token isn't valid, or somebody else's.
        """
        renewed = self._verify(auth)
        with self._lock:
            guest = self._guests.get(sid)
            if guest is None or guest.account.id != renewed.account.id or guest.account.role != renewed.account.role:
                raise NotAuthenticated
            self._guests[sid] = renewed

    def guest(self, sid: str) -> Guest:
        """Who is behind a socket.

        Raises:
            NotAuthenticated: It isn't let in any more.
        """
        with self._lock:
            guest = self._guests.get(sid)
        if guest is None:
            raise NotAuthenticated
        return guest

    def sids(self) -> list[str]:
        """The sockets of all guests."""
        with self._lock:
            return list(self._guests)

    def forget(self, sid: str) -> None:
        """A socket is closed."""
        with self._lock:
            self._guests.pop(sid, None)

    def overstaying(self) -> list[str]:
        """The sockets to close: token expired, session ended, or role changed since they were let in."""
        with self._lock:
            guests = dict(self._guests)
        latest = self._clock.utc_now().timestamp() - GRACE_AFTER_EXPIRY.total_seconds()
        accounts = self._accounts_in({guest.session_id for guest in guests.values() if guest.expires_at >= latest})
        return [
            sid
            for sid, guest in guests.items()
            if guest.expires_at < latest or _has_changed(guest, accounts.get(guest.session_id, guest.account))
        ]

    def _accounts_in(self, session_ids: set[str]) -> dict[str, Account | None]:
        """The account of each session now, None where it ended. What a database that is away can't tell is left out."""
        accounts: dict[str, Account | None] = {}
        for session_id in session_ids:
            try:
                accounts[session_id] = self._accounts.account_in(session_id)
            except NotAuthenticated:
                accounts[session_id] = None
            except Unavailable:
                break
        return accounts

    def _verify(self, auth: object) -> Guest:
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str):
            raise NotAuthenticated
        entry = self._enter(token)
        return Guest(entry.account, entry.session_id, entry.expires_at)


def _has_changed(guest: Guest, account: Account | None) -> bool:
    return account is None or account.id != guest.account.id or account.role != guest.account.role
