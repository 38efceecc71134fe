"""Names of files: kept as people wrote them, but safe to show, to store and to save on any disk."""

import re
import unicodedata

from millrace.files.errors import BadFileName

MAX_NAME_BYTES = 240
MAX_SUFFIX_BYTES = 20

_SEPARATORS = re.compile(r"[/\\]")
_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_UNSAFE_ON_WINDOWS = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
# They reverse what follows, so that "photo" + U+202E + "gpj.exe" reads as a picture.
_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_name(raw: str) -> str:
    """The name under which an upload called `raw` is kept: no path, nothing hidden, at most `MAX_NAME_BYTES`.

    Raises:
        BadFileName: Nothing of it is left.
    """
    last = _SEPARATORS.split(raw)[-1]
    shown = "".join(
        character
        for character in unicodedata.normalize("NFC", last)
        if unicodedata.category(character) not in _HIDDEN and character not in _DIRECTION_MARKS
    )
    name = _shortened(shown.translate(_UNSAFE_ON_WINDOWS).strip()).strip()
    if not name.strip(". "):
        raise BadFileName("The file needs a name, such as “photo.jpg”.")
    return name


def check_name(name: str) -> str:
    """`name` itself, where it is safe. An artifact isn't renamed, so that a result can speak of it.

    Raises:
        BadFileName: It isn't; the message says what would be.
    """
    clean = clean_name(name)
    if clean != name:
        raise BadFileName(f"{name!r} is no safe name for a file; {clean!r} would be.")
    return name


def _shortened(name: str) -> str:
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > MAX_SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    room = MAX_NAME_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + suffix
