"""Errors that the worker meets on behalf of a child, on their way to the handler, which may want to catch them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from millrace.errors import MillraceError
from millrace.jobs.handler import PermanentFailure


class WorkerFailed(Exception):
    """The worker couldn't do what the handler asked for."""


def carried(error: Exception) -> dict[str, Any]:
    """`error` as JSON."""
    values: dict[str, Any] = {"kinds": [kind.__name__ for kind in type(error).__mro__], "message": str(error)}
    if isinstance(error, PermanentFailure | MillraceError):
        values["code"] = error.code
    if isinstance(error, OSError) and error.errno is not None:
        values["system"] = [error.errno, error.strerror, None if error.filename is None else str(error.filename)]
    return values


def revive(values: Mapping[str, Any]) -> Exception:
    """An error with the same words, of the same class, or of one like it where only the worker knows that class."""
    kinds, message = values["kinds"], values["message"]
    if PermanentFailure.__name__ in kinds:
        return PermanentFailure(message, code=values["code"])
    if MillraceError.__name__ in kinds:
        return _revived(kinds, message, values["code"])
    if "system" in values:
        return OSError(*values["system"])
    return WorkerFailed(f"{kinds[0]}: {message}")


def _revived(kinds: Sequence[str], message: str, code: str) -> MillraceError:
    known = {kind.__name__: kind for kind in _narrower(MillraceError)}
    nearest = next(known[name] for name in kinds if name in known)
    kind: type[MillraceError] = nearest
    if nearest.__name__ != kinds[0]:
        kind = type(kinds[0], (nearest,), {"code": code})
    error: MillraceError = MillraceError.__new__(kind)
    MillraceError.__init__(error, message)
    return error


def _narrower(known: type[MillraceError]) -> Iterator[type[MillraceError]]:
    yield known
    for kind in known.__subclasses__():
        yield from _narrower(kind)
