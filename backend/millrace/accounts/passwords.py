"""Passwords: which are good enough, how they are kept (argon2id), and how they are compared.

Hashing takes tens of milliseconds of processor time on purpose, so it runs through the injected offload.
"""

import string
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from millrace.accounts.identity import Unfit
from millrace.offload import Offload, run_here

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
FEWEST_DISTINCT = 5

# The weakest of the settings that OWASP recommends: several sign-ins at once fit into a small machine.
TIME_COST = 2
MEMORY_COST_KIBIBYTES = 19 * 1024
PARALLELISM = 1

_RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiop")
_TRIVIAL = frozenset(
    {"", "admin", "administrator", "iloveyou", "letmein", "millrace", "password", "passwort", "secret", "welcome"}
)
_LEET = str.maketrans("01345$@", "oieassa")


def check_strength(password: str, email: str, name: str) -> None:
    """Refuse what would be guessed first.

    Raises:
        Unfit: Saying what to change.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Unfit(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    if "\x00" in password or any(unicodedata.category(character) == "Cs" for character in password):
        raise Unfit("Contains a NUL or a broken Unicode character.")
    plain = password.strip().casefold()
    if plain in {email.casefold(), email.partition("@")[0].casefold(), name.casefold()}:
        raise Unfit("Don't use your e-mail address or your name as the password.")
    if _is_trivial(plain):
        raise Unfit("This is among the first guesses. Take several words, or let your browser make one up.")


def _is_trivial(plain: str) -> bool:
    # The shortest beginning that, repeated, makes the whole: "abcabcabcabc" is no better than "abc".
    unit = plain[: (plain + plain).find(plain, 1)]
    core = unit.strip(string.digits + string.punctuation + " ").translate(_LEET)
    return (
        len(set(unit)) < FEWEST_DISTINCT or core in _TRIVIAL or any(unit in run or unit in run[::-1] for run in _RUNS)
    )


class Passwords:
    """Hashes and compares. Safe to share between threads."""

    def __init__(self, offload: Offload = run_here) -> None:
        self._offload = offload
        self._hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_COST_KIBIBYTES, parallelism=PARALLELISM)
        self._nobodys_hash: str | None = None

    def hash(self, password: str) -> str:
        """What to store of `password`."""
        return self._offload(lambda: self._hasher.hash(_bytes_of(password)))

    def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether `password` is the one that was hashed. Takes as long where there is no hash to compare with."""
        if password_hash is None:
            self._nobodys_hash = self._nobodys_hash or self.hash("nobody's password")
        compared = password_hash or self._nobodys_hash or ""
        return self._offload(lambda: self._verify(password, compared)) and password_hash is not None

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _bytes_of(password))
        except (VerificationError, InvalidHashError):
            return False


def _bytes_of(password: str) -> bytes:
    # Keyboards write the same accented letter in different ways.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
