"""Accounts as JSON."""

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
