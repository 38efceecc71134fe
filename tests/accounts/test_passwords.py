"""Passwords: which are refused, how they are kept, and what comparing them gives away."""

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from millrace.accounts.identity import Unfit
from millrace.accounts.passwords import Passwords, check_strength


@pytest.mark.parametrize(
    "password",
    [
        "too short",
        "x" * 201,
        "ada.lovelace@example.org",
        "Ada.Lovelace",
        "Ada Lovelace",
        "aaaaaaaaaaaa",
        "abababababab",
        "0123456789",
        "9876543210",
        "qwertyuiop",
        "password123",
        "P@ssw0rd!!!",
        "passwordpassword",
        "administrator1",
        "long enough\x00",
        "long enough \ud800",
    ],
)
def test_what_would_be_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(Unfit):
        check_strength(password, "ada.lovelace@example.org", "Ada Lovelace")


@pytest.mark.parametrize("password", ["correct horse", "Zx9!kelp-pier", "zażółć gęślą jaźń", "        seven blanks"])
def test_other_passwords_are_taken(password: str) -> None:
    check_strength(password, "ada@example.org", "Ada")


def test_passwords_are_kept_as_argon2id() -> None:
    kept = Passwords().hash("correct horse")
    assert extract_parameters(kept).type is Type.ID
    assert "correct" not in kept


def test_the_same_letters_typed_differently_are_the_same_password() -> None:
    passwords = Passwords()
    assert passwords.matches("cafe\u0301 au lait", passwords.hash("caf\u00e9 au lait"))


def test_nobody_has_no_password_yet_costs_the_same_work() -> None:
    offloaded = 0

    def counting(work):  # type: ignore[no-untyped-def]
        nonlocal offloaded
        offloaded += 1
        return work()

    passwords = Passwords(counting)
    kept = passwords.hash("correct horse")
    passwords.matches("x", None)
    offloaded = 0
    assert not passwords.matches("wrong horse", kept)
    work_for_somebody, offloaded = offloaded, 0
    assert not passwords.matches("nobody's password", None)
    assert offloaded == work_for_somebody == 1


def test_a_hash_that_isnt_one_matches_nothing() -> None:
    assert not Passwords().matches("anything", "plain text")
