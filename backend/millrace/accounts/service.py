"""Registers people and signs them in.

Signing in opens a session. Its refresh token, 256 random bits, is known to the client alone; the store keeps its hash.
Access tokens name the session and are made by the interfaces, so that no key is needed here.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from uuid_utils import uuid7

from millrace.accounts.account import Account, Role
from millrace.accounts.identity import Unfit, fold_email, fold_name
from millrace.accounts.memory import ShortMemory
from millrace.accounts.passwords import LONGEST_PASSWORD, Passwords, check_strength
from millrace.accounts.ports import AccountStore, NewAccount, Session
from millrace.clock import Clock
from millrace.errors import Conflict, NotAllowed, NotAuthenticated, ValidationFailed
from millrace.settings import Settings

TOKEN_BYTES = 32
NAMES_REMEMBERED_FOR = timedelta(seconds=60)
MOST_NAMES_REMEMBERED = 10_000
GONE = "(removed)"


class EmailTaken(Conflict):
    """There is an account with this e-mail address already. Sign in instead."""

    code = "email_taken"


class WrongCredentials(NotAuthenticated):
    """The e-mail address or the password is wrong."""

    code = "wrong_credentials"


class SessionEnded(NotAuthenticated):
    """Your session has ended. Sign in again."""

    code = "session_ended"


class RegistrationClosed(NotAllowed):
    """Registering is closed here. Ask an admin for an account."""

    code = "registration_closed"


class BootstrapTokenWrong(NotAllowed):
    """The first account needs the bootstrap token, and this isn't it. The server's operator has set or seen it."""

    code = "bootstrap_token_wrong"


class BootstrapTokenUnset(NotAllowed):
    """Beyond this machine the first account needs a token: set MILLRACE_BOOTSTRAP_TOKEN, restart, and give it here."""

    code = "bootstrap_token_unset"


@dataclass(frozen=True, slots=True)
class Setup:
    """What somebody without an account may do."""

    first_account: bool
    registration_open: bool
    bootstrap_token_required: bool


@dataclass(frozen=True, slots=True)
class Registration:
    """What a person who wants an account tells."""

    email: str
    password: str = field(repr=False)
    name: str
    bootstrap_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just opened or refreshed, and the token that refreshes it."""

    session: Session
    refresh_token: str = field(repr=False)


class AccountService:
    """Accounts and their sessions. Safe to share between threads."""

    def __init__(self, store: AccountStore, passwords: Passwords, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._settings = settings
        self._names: ShortMemory[str, str] = ShortMemory(clock, NAMES_REMEMBERED_FOR, MOST_NAMES_REMEMBERED)
        self._has_accounts = False

    def setup(self) -> Setup:
        """Whether the next account is the first, and what registering takes."""
        first = self._is_first()
        return Setup(
            first_account=first,
            registration_open=first or self._settings.registration == "open",
            bootstrap_token_required=first and self._settings.bootstrap_token_required,
        )

    def register(self, registration: Registration) -> SignedIn:
        """Add an account and sign it in. The first one becomes the admin, the others members.

        Raises:
            ValidationFailed: A field doesn't fit.
            EmailTaken, RegistrationClosed, BootstrapTokenWrong, BootstrapTokenUnset: It isn't added.
        """
        if self._is_first():
            self._check_bootstrap_token(registration.bootstrap_token)
        elif self._settings.registration != "open":
            raise RegistrationClosed
        new = self._checked(registration)
        account = self._store.add_first(new) if self._is_first() else None
        return self._open_session(account or self._add_member(new))

    def sign_in(self, email: str, password: str) -> SignedIn:
        """Open a session.

        Raises:
            WrongCredentials: Whether the account exists can't be told from it, nor from the time it takes.
        """
        found = None
        with suppress(Unfit):
            found = self._store.credentials_of(fold_email(email))
        fits = self._passwords.matches(password[: LONGEST_PASSWORD + 1], found.password_hash if found else None)
        if found is None or not fits:
            raise WrongCredentials
        return self._open_session(found.account)

    def refresh(self, refresh_token: str) -> SignedIn:
        """Go on with a session.

        Raises:
            SessionEnded: It expired, was revoked, or never was.
        """
        session = self._store.use_session(_hashed(refresh_token))
        if session is None:
            raise SessionEnded
        return SignedIn(session, refresh_token)

    def sign_out(self, refresh_token: str) -> str | None:
        """Revoke a session; its id, or None where it had ended before."""
        return self._store.revoke_session(_hashed(refresh_token))

    def account_in(self, session_id: str) -> Account:
        """Who is signed in by this session, with the role that the account has now.

        Raises:
            NotAuthenticated: It expired or was revoked.
        """
        session = self._store.live_session(session_id)
        if session is None:
            raise NotAuthenticated
        return session.account

    def forget_sessions(self, expired_for: timedelta, limit: int) -> int:
        """Delete up to `limit` sessions that expired longer ago, revoked or not; how many there were."""
        return self._store.forget_sessions(expired_for, limit)

    def get(self, account_id: str) -> Account | None:
        """The account with this id."""
        return self._store.get(account_id)

    def names_of(self, account_ids: Collection[str]) -> Mapping[str, str]:
        """A name for each id; those of accounts that are gone say so. At most a minute old."""
        names = {account_id: self._names.get(account_id) for account_id in set(account_ids)}
        unknown = [account_id for account_id, name in names.items() if name is None]
        found = self._store.names_of(unknown) if unknown else {}
        for account_id, name in found.items():
            self._names.put(account_id, name)
        return {account_id: name or found.get(account_id, GONE) for account_id, name in names.items()}

    def _is_first(self) -> bool:
        # Accounts are never all gone again, so this is asked of the database only until one is there.
        if not self._has_accounts:
            self._has_accounts = not self._store.is_empty()
        return not self._has_accounts

    def _check_bootstrap_token(self, shown: str | None) -> None:
        if not self._settings.bootstrap_token_required:
            return
        if not self._settings.bootstrap_token:
            raise BootstrapTokenUnset
        expected = self._settings.bootstrap_token.encode()
        if not hmac.compare_digest((shown or "").strip().encode("utf-8", "replace"), expected):
            problem = BootstrapTokenWrong()
            raise BootstrapTokenWrong(fields={"bootstrap_token": [problem.message]})

    def _checked(self, registration: Registration) -> NewAccount:
        problems: dict[str, list[str]] = {}
        email = name = ""
        try:
            email = fold_email(registration.email)
        except Unfit as unfit:
            problems["email"] = [str(unfit)]
        try:
            name = fold_name(registration.name)
        except Unfit as unfit:
            problems["name"] = [str(unfit)]
        try:
            check_strength(registration.password, email, name)
        except Unfit as unfit:
            problems["password"] = [str(unfit)]
        if problems:
            raise ValidationFailed(fields=problems)
        return NewAccount(str(uuid7()), email, name, self._passwords.hash(registration.password))

    def _add_member(self, new: NewAccount) -> Account:
        if self._settings.registration != "open":
            raise RegistrationClosed
        account = self._store.add(new, Role.MEMBER)
        if account is None:
            raise EmailTaken(fields={"email": [EmailTaken().message]})
        return account

    def _open_session(self, account: Account) -> SignedIn:
        refresh_token = secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(str(uuid7()), account)
        self._store.open_session(session.id, account.id, _hashed(refresh_token), self._settings.session_lifetime)
        return SignedIn(session, refresh_token)


def _hashed(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode("utf-8", "replace")).hexdigest()
