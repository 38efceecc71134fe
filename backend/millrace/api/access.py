"""Who is let in: access tokens, made and read by Flask-JWT-Extended, and the accounts behind them.

A token that was verified is remembered for a short while, because checking it costs more than routing the request.
A revoked session or a change of role shows when it is forgotten, at the latest.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import PyJWTError

from millrace.accounts.account import Account
from millrace.accounts.memory import ShortMemory
from millrace.accounts.ports import Session
from millrace.accounts.service import AccountService
from millrace.clock import Clock
from millrace.errors import ConfigurationError, NotAuthenticated
from millrace.settings import Settings

REMEMBERED_FOR = timedelta(seconds=30)
MOST_REMEMBERED = 10_000
LEEWAY = timedelta(seconds=10)
ISSUER = "millrace"
LONGEST_TOKEN = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A verified token's account, session and end (seconds since the epoch)."""

    account: Account
    session_id: str
    expires_at: float


class Access:
    """Makes and verifies access tokens; needs the app's context. Safe to share between threads."""

    def __init__(self, accounts: AccountService, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock
        self._verified: ShortMemory[str, Entry] = ShortMemory(clock, REMEMBERED_FOR, MOST_REMEMBERED)

    def token_for(self, session: Session) -> str:
        """A new access token."""
        token: str = create_access_token(identity=session.account.id, additional_claims={"sid": session.id})
        return token

    def enter_by_header(self, authorization: str | None) -> Entry:
        """Who sends this `Authorization` header.

        Raises:
            NotAuthenticated: Nobody who is signed in.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated
        return self.enter(token)

    def enter(self, token: str) -> Entry:
        """Who shows this access token.

        Raises:
            NotAuthenticated: Nobody who is signed in.
        """
        if not 0 < len(token) <= LONGEST_TOKEN:
            raise NotAuthenticated
        entry = self._verified.get(token)
        if entry is None:
            entry = self._verify(token)
            self._verified.put(token, entry)
        if self._clock.utc_now().timestamp() >= entry.expires_at + LEEWAY.total_seconds():
            raise NotAuthenticated
        return entry

    def forget(self, session_id: str) -> None:
        """Let nobody in by a session that was just revoked."""
        self._verified.forget_where(lambda entry: entry.session_id == session_id)

    def _verify(self, token: str) -> Entry:
        try:
            claims = decode_token(token)
        except (PyJWTError, JWTExtendedException) as error:
            raise NotAuthenticated from error
        session_id, expires_at = claims.get("sid"), claims.get("exp")
        if claims.get("type") != "access" or not isinstance(session_id, str) or not isinstance(expires_at, int):
            raise NotAuthenticated
        account = self._accounts.account_in(session_id)
        if account.id != claims.get("sub"):
            raise NotAuthenticated
        return Entry(account, session_id, float(expires_at))


def prepare_tokens(app: Flask, settings: Settings) -> None:
    """Tell Flask-JWT-Extended how tokens are made: HS256 alone, whatever a token's own header says.

    Raises:
        ConfigurationError: There is no key to sign with.
    """
    if not settings.secret_key:
        raise ConfigurationError("MILLRACE_SECRET_KEY is missing: nothing to sign access tokens with")
    app.config.update(
        JWT_SECRET_KEY=settings.secret_key,
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_ACCESS_TOKEN_EXPIRES=settings.access_token_lifetime,
        JWT_DECODE_LEEWAY=int(LEEWAY.total_seconds()),
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_TOKEN_LOCATION=["headers"],
        JWT_COOKIE_CSRF_PROTECT=False,  # the token isn't a cookie, so no other site can make a browser send it
    )
    JWTManager(app)
