"""Cursors of lists: opaque to clients, and checked when they come back.

A cursor names the last thing that was shown, so a page stays where it is while new things arrive before it.
"""

import base64
import binascii
import hashlib

from millrace.api.context import services
from millrace.api.errors import BadCursor

CHECK_BYTES = 8


def make_cursor(kind: str, *parts: object) -> str:
    """A cursor of a list of `kind`."""
    content = "\n".join([kind, *map(str, parts)]).encode()
    return base64.urlsafe_b64encode(_check(content) + content).decode().rstrip("=")


def read_cursor(kind: str, cursor: str) -> tuple[str, ...]:
    """The parts that a cursor was made of.

    Raises:
        BadCursor: We didn't make it, or not for this kind of list.
    """
    try:
        decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        check, content = decoded[:CHECK_BYTES], decoded[CHECK_BYTES:].decode()
    except (binascii.Error, ValueError) as error:
        raise _bad() from error
    made_for, *parts = content.split("\n")
    if check != _check(content.encode()) or made_for != kind:
        raise _bad()
    return tuple(parts)


def _check(content: bytes) -> bytes:
    # With the server's key, so that what is in a cursor can be relied on like anything else that we wrote.
    key = hashlib.sha256(services().settings.secret_key.encode()).digest()
    return hashlib.blake2s(content, digest_size=CHECK_BYTES, key=key, person=b"cursor").digest()


def _bad() -> BadCursor:
    return BadCursor(fields={"cursor": [BadCursor().message]})
