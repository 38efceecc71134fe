"""What a file is, by its content. Names and what a browser claims are ignored: both lie.

Nothing that a browser would run is ever named as such: HTML, SVG and scripts are plain text.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Sequence

HEAD_BYTES = 64 * 1024
"""How much of the beginning is looked at."""

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
CSV = "text/csv"
JSON = "application/json"

_SIGNATURES: Sequence[tuple[bytes, str]] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
)
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic"}
_BITMAP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_DELIMITERS = ",;\t"
_ROWS_LOOKED_AT = 50
_OPENS_JSON = re.compile(r"\s*(\{\s*[\"}]|\[\s*(?:[\[\]{\"\-\d]|true|false|null))")


def content_type_of(head: bytes, *, is_whole: bool) -> str:
    """The content type of a file that begins with `head`; `is_whole` where nothing follows."""
    head = head[:HEAD_BYTES]
    if not head:
        return UNKNOWN
    return _binary_type(head) or _text_type(head, is_whole) or UNKNOWN


def _binary_type(head: bytes) -> str | None:
    for signature, content_type in _SIGNATURES:
        if head.startswith(signature):
            return content_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _branded_type(head)
    # Two letters alone are a signature that prose has as well.
    if head[:2] == b"BM" and head[6:10] == b"\x00" * 4 and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "image/bmp"
    return None


def _branded_type(head: bytes) -> str | None:
    length = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[8:12], *(head[start : start + 4] for start in range(16, length, 4))]
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)


def _text_type(head: bytes, is_whole: bool) -> str | None:
    if b"\x00" in head:
        return None
    body = head.removeprefix(codecs.BOM_UTF8)
    try:
        # A head that isn't the whole file may end within a character; that isn't an error yet.
        text, _ = codecs.utf_8_decode(body, "strict", is_whole)
    except UnicodeDecodeError:
        return None
    if _is_json(text, is_whole):
        return JSON
    return CSV if _is_csv(text, is_whole) else TEXT


def _is_json(text: str, is_whole: bool) -> bool:
    if not _OPENS_JSON.match(text):
        return False
    if not is_whole:
        return True
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_csv(text: str, is_whole: bool) -> bool:
    """Whether `text` begins with two rows or more that one delimiter cuts into equally many columns."""
    for delimiter in _DELIMITERS:
        rows: list[list[str]] = []
        try:
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
                rows.append(row)
                if len(rows) > _ROWS_LOOKED_AT:
                    break
        except csv.Error:
            continue
        if not is_whole or len(rows) > _ROWS_LOOKED_AT:
            rows = rows[:-1]
        widths = {len(row) for row in rows if row}
        if len(rows) > 1 and len(widths) == 1 and widths.pop() > 1:
            return True
    return False
