"""Reads one file out of a multipart body while it comes in: never whole in memory, and never in a temporary file."""

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, File, MultipartDecoder, NeedData

from millrace.api.errors import BadMultipart
from millrace.errors import ValidationFailed

CHUNK_BYTES = 64 * 1024
MOST_BUFFERED_BYTES = 1024 * 1024
"""More than that a part's headers never need, and its content never waits."""

MOST_PARTS = 20
OVERHEAD_BYTES = 64 * 1024
"""What the form around the file may add to it."""


class UploadedFile:
    """The file part named `part` of `request`'s body. Raises `BadMultipart` as soon as the body breaks off.

    Raises:
        BadMultipart: The body is no multipart form.
        ValidationFailed: The form has no such file.
    """

    def __init__(self, request: Request, part: str) -> None:
        boundary = request.mimetype_params.get("boundary", "")
        if request.mimetype != "multipart/form-data" or not boundary:
            raise BadMultipart("Send the file as multipart/form-data.")
        self._stream = request.stream
        self._decoder = MultipartDecoder(
            boundary.encode("latin-1", "replace"), MOST_BUFFERED_BYTES, max_parts=MOST_PARTS
        )
        self._pending = bytearray()
        self._is_over = False
        self.name = self._find(part)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end of the file."""
        while not self._is_over and len(self._pending) < size:
            event = self._next()
            if isinstance(event, Data):
                self._pending += event.data
                self._is_over = not event.more_data
        taken = bytes(self._pending[:size])
        del self._pending[:size]
        return taken

    def _find(self, part: str) -> str:
        while True:
            event = self._next()
            if isinstance(event, File) and event.name == part:
                return event.filename
            if isinstance(event, Epilogue):
                raise ValidationFailed(fields={part: [f"Send the file as the part named “{part}”."]})

    def _next(self) -> Event:
        try:
            while isinstance(event := self._decoder.next_event(), NeedData):
                self._decoder.receive_data(self._stream.read(CHUNK_BYTES) or None)
        except (ValueError, AttributeError) as error:  # the decoder's words for a body that broke off
            raise BadMultipart("The body broke off, or isn't multipart/form-data.") from error
        except RequestEntityTooLarge as error:
            raise BadMultipart("The form has too many parts, or too long headers.") from error
        return event
