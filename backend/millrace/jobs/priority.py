"""The four levels inside a queue. Strict between levels: a lower number starts first."""

from enum import IntEnum


class Priority(IntEnum):
    """A level; its number is what SQL stores and what the broker sorts by, its `word` what people read."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3

    @property
    def word(self) -> str:
        """The level as JSON and the screen say it."""
        return self.name.lower()

    @classmethod
    def of_word(cls, word: str) -> "Priority":
        """The level that `word` names.

        Raises:
            KeyError: No level has this name.
        """
        return cls[word.upper()]
