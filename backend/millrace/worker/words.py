"""Fits what a handler says into what a row can hold, and says how long something takes."""

from datetime import timedelta

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS = "…"

MOST_LINES = 10_000
MOST_LINE_LENGTH = 2_000
MOST_PROGRESS_LENGTH = 200


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


def spoken(duration: timedelta) -> str:
    """`duration` in the largest unit that it fills without a rest, such as "10 minutes"."""
    seconds = duration.total_seconds()
    for length, unit in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= length and seconds % length == 0:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"
