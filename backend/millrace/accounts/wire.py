"""Accounts as JSON."""

from collections.abc import Mapping
from typing import Any

from millrace.accounts.account import Account
from millrace.clock import to_rfc3339


def user(account: Account) -> dict[str, Any]:
    """An account, as everybody who is signed in may see it."""
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "role": account.role.value,
        "created_at": to_rfc3339(account.created_at),
    }


def account_name(account_id: str | None, names: Mapping[str, str]) -> dict[str, Any] | None:
    """Whose something is, or who did it; None where nobody did."""
    return None if account_id is None else {"id": account_id, "name": names[account_id]}
