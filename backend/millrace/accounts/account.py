"""An account and its role."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What an account may do: each role may all that those before it may, save that a viewer submits nothing."""

    VIEWER = "viewer"
    MEMBER = "member"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """A person (or a program) that signs in. `email` is stored folded to lower case."""

    id: str
    email: str
    name: str
    role: Role
    created_at: datetime
