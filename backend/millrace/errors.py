"""The tree of errors. Each class has a stable `code`; its docstring's first line is the default message.

Where an error becomes an HTTP status is decided in `api/errors.py` alone.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

Fields = Mapping[str, Sequence[str]]
"""Messages by the dotted path of the field they belong to, such as `payload.sizes.0.width`."""


class MillraceError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str | None = None, *, fields: Fields | None = None) -> None:
        self.message = message or (type(self).__doc__ or self.code).strip().splitlines()[0]
        self.fields: Fields = fields or {}
        super().__init__(self.message)


class ConfigurationError(MillraceError):
    """A setting is wrong."""

    code = "bad_configuration"


class ValidationFailed(MillraceError):
    """Some fields need another look."""

    code = "validation_failed"


class NotAuthenticated(MillraceError):
    """Sign in first: the access token is missing, wrong or expired."""

    code = "not_authenticated"


class NotAllowed(MillraceError):
    """Your role doesn't allow this."""

    code = "not_allowed"


class NotFound(MillraceError):
    """There is nothing here, or it isn't yours to see."""

    code = "not_found"


class Conflict(MillraceError):
    """This can't be done in the present state."""

    code = "conflict"


class Unavailable(MillraceError):
    """A part that this needs doesn't answer; try again shortly."""

    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The database doesn't answer; whether this was done is unknown. Try again shortly."""

    code = "database_unavailable"


class BrokerUnavailable(Unavailable):
    """The broker doesn't answer; whether this was done is unknown. Try again shortly."""

    code = "broker_unavailable"
