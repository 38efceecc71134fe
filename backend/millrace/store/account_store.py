"""Accounts and sessions in SQL. Whether a session still lives is judged by the database's clock alone."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from millrace.accounts.account import Account, Role
from millrace.accounts.ports import Credentials, NewAccount, Session
from millrace.store.database import Database
from millrace.store.tables import accounts, sessions
from millrace.store.types import canonical_id, seconds_from_now, utc_now

_ACCOUNT = (accounts.c.id, accounts.c.email, accounts.c.name, accounts.c.role, accounts.c.created_at)
_IS_LIVE = sa.and_(sessions.c.revoked_at.is_(None), sessions.c.expires_at > utc_now())


class SqlAccountStore:
    """Implements `accounts.ports.AccountStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_empty(self) -> bool:
        anyone = sa.select(accounts.c.id).limit(1)
        return self._database.read(lambda connection: connection.execute(anyone).first()) is None

    def add_first(self, new: NewAccount) -> Account | None:
        def add(connection: sa.Connection) -> Account | None:
            # SQLite's writers wait for each other anyway; on PostgreSQL two could both find the table empty.
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE"))
            if connection.execute(sa.select(accounts.c.id).limit(1)).first() is not None:
                return None
            return self._insert(connection, new, Role.ADMIN)

        return self._database.write(add)

    def add(self, new: NewAccount, role: Role) -> Account | None:
        return self._database.write(lambda connection: self._insert(connection, new, role))

    def _insert(self, connection: sa.Connection, new: NewAccount, role: Role) -> Account | None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        statement = (
            insert(accounts)
            .values(
                id=new.id,
                email=new.email,
                name=new.name,
                role=role.value,
                password_hash=new.password_hash,
                created_at=utc_now(),
            )
            .on_conflict_do_nothing(index_elements=[accounts.c.email])
            .returning(*_ACCOUNT)
        )
        row = connection.execute(statement).first()
        return None if row is None else _account_of(row)

    def get(self, account_id: str) -> Account | None:
        known = canonical_id(account_id)
        row = self._first(sa.select(*_ACCOUNT).where(accounts.c.id == known)) if known else None
        return None if row is None else _account_of(row)

    def credentials_of(self, email: str) -> Credentials | None:
        row = self._first(sa.select(*_ACCOUNT, accounts.c.password_hash).where(accounts.c.email == email))
        return None if row is None else Credentials(_account_of(row), row.password_hash)

    def names_of(self, account_ids: Collection[str]) -> Mapping[str, str]:
        known = [canonical for text in account_ids if (canonical := canonical_id(text))]
        statement = sa.select(accounts.c.id, accounts.c.name).where(accounts.c.id.in_(known))
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return {row.id: row.name for row in rows}

    def open_session(self, session_id: str, account_id: str, token_hash: str, lifetime: timedelta) -> None:
        statement = sa.insert(sessions).values(
            id=session_id,
            account_id=account_id,
            token_hash=token_hash,
            created_at=utc_now(),
            last_used_at=utc_now(),
            expires_at=seconds_from_now(lifetime.total_seconds()),
        )
        self._database.write(lambda connection: connection.execute(statement))

    def use_session(self, token_hash: str) -> Session | None:
        used = (
            sa.update(sessions)
            .where(sessions.c.token_hash == token_hash, _IS_LIVE)
            .values(last_used_at=utc_now())
            .returning(sessions.c.id)
        )

        def use(connection: sa.Connection) -> Session | None:
            session_id = connection.execute(used).scalar()
            return None if session_id is None else _live_session(connection, session_id)

        return self._database.write(use)

    def live_session(self, session_id: str) -> Session | None:
        known = canonical_id(session_id)
        if known is None:
            return None
        return self._database.read(lambda connection: _live_session(connection, known))

    def revoke_session(self, token_hash: str) -> str | None:
        statement = (
            sa.update(sessions)
            .where(sessions.c.token_hash == token_hash, sessions.c.revoked_at.is_(None))
            .values(revoked_at=utc_now())
            .returning(sessions.c.id)
        )
        return self._database.write(lambda connection: connection.execute(statement).scalar())

    def forget_sessions(self, expired_for: timedelta, limit: int) -> int:
        expired = sessions.c.expires_at < seconds_from_now(-expired_for.total_seconds())
        page = sa.select(sessions.c.id).where(expired).order_by(sessions.c.expires_at).limit(limit)
        statement = sessions.delete().where(sessions.c.id.in_(page))
        return self._database.write(lambda connection: connection.execute(statement).rowcount)

    def _first(self, statement: sa.Select[Any]) -> sa.Row[Any] | None:
        return self._database.read(lambda connection: connection.execute(statement).first())


def _live_session(connection: sa.Connection, session_id: str) -> Session | None:
    statement = (
        sa.select(*_ACCOUNT)
        .join(sessions, sessions.c.account_id == accounts.c.id)
        .where(sessions.c.id == session_id, _IS_LIVE)
    )
    row = connection.execute(statement).first()
    return None if row is None else Session(session_id, _account_of(row))


def _account_of(row: Any) -> Account:
    return Account(row.id, row.email, row.name, Role(row.role), row.created_at)
