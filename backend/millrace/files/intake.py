"""Takes a file in, chunk by chunk: never whole in memory, measured, hashed and recognised on the way."""

import hashlib
from dataclasses import dataclass

from millrace.files.content_types import HEAD_BYTES, content_type_of
from millrace.files.errors import FileTooLarge
from millrace.files.local import LocalFolder

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """What was learned of a file's content while it came in."""

    content_type: str
    size_bytes: int
    sha256: str


class Intake:
    """One file on its way in. All calls block. Ends with `keep` or `discard`."""

    def __init__(self, folder: LocalFolder, file_id: str, most_bytes: int | None) -> None:
        self._incoming = folder.begin(file_id)
        self._most_bytes = most_bytes
        self._sha256 = hashlib.sha256()
        self._size_bytes = 0
        self._head = b""

    def take(self, chunk: bytes) -> None:
        """Append `chunk`.

        Raises:
            FileTooLarge, StorageFull: Nothing is left behind.
        """
        self._size_bytes += len(chunk)
        if self._most_bytes is not None and self._size_bytes > self._most_bytes:
            self._incoming.discard()
            raise FileTooLarge(self._most_bytes)
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        self._sha256.update(chunk)
        self._incoming.write(chunk)

    def keep(self) -> Content:
        """Put the file in its place; after this it survives a power cut.

        Raises:
            StorageFull: Nothing is left behind.
        """
        self._incoming.keep()
        content_type = content_type_of(self._head, is_whole=len(self._head) == self._size_bytes)
        return Content(content_type, self._size_bytes, self._sha256.hexdigest())

    def discard(self) -> None:
        """Forget what came so far."""
        self._incoming.discard()
