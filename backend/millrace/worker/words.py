"""Fits what a handler says into what a row can hold."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS = "…"


def storable(text: str, most: int) -> str:
    """`text` as every database can hold it (no NUL, no lone surrogate), cut to `most` characters."""
    if len(text) > most:
        text = text[: most - 1] + ELLIPSIS
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", REPLACEMENT).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_line(text: str, most: int) -> str:
    """`text` on one line, as `storable` makes it."""
    return storable(" ".join(text.split()), most)


def middle_cut(text: str, most: int) -> str:
    """`text` without its middle where it is longer than `most`: a traceback says most at its two ends."""
    if len(text) <= most:
        return storable(text, most)
    mark = f"\n{ELLIPSIS} {len(text) - most:,} characters left out {ELLIPSIS}\n"
    head = (most - len(mark)) // 3
    tail = most - len(mark) - head
    return storable(text[:head] + mark + text[-tail:], most)
