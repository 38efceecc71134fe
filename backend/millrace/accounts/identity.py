"""What tells one person from another: the e-mail address and the name, in the form in which they are stored."""

import re
import unicodedata

LONGEST_EMAIL = 254
LONGEST_NAME = 100

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = re.compile(rf"[^\s@\"<>()\[\],;:\\]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")
# Cc controls (NUL among them), Cs lone surrogates, Co private, Cn unassigned, Zl and Zp line breaks.
_UNFIT = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_TURNS_TEXT_AROUND = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Unfit(ValueError):
    """Text that can't stand where it was put; the message says what would fit."""


def fold_email(text: str) -> str:
    """The address as it is stored and compared.

    Raises:
        Unfit: It isn't one.
    """
    folded = unicodedata.normalize("NFKC", text.strip()).lower()
    if len(folded) > LONGEST_EMAIL or _has_unfit(folded) or not _EMAIL.fullmatch(folded):
        raise Unfit("Write an e-mail address, such as ada@example.org.")
    return folded


def fold_name(text: str) -> str:
    """The name as it is stored and shown.

    Raises:
        Unfit: It is empty, too long, or holds what a screen can't show.
    """
    folded = re.sub(" +", " ", unicodedata.normalize("NFC", text)).strip(" ")
    if not folded.strip() or len(folded) > LONGEST_NAME or _has_unfit(folded):
        raise Unfit(f"A name is 1 to {LONGEST_NAME} printable characters.")
    return folded


def _has_unfit(text: str) -> bool:
    return any(unicodedata.category(character) in _UNFIT or character in _TURNS_TEXT_AROUND for character in text)
