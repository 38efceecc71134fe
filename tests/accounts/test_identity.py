"""E-mail addresses and names, as they are stored."""

import pytest

from millrace.accounts.identity import Unfit, fold_email, fold_name


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("a+tag@localhost", "a+tag@localhost"),
        ("ｆｕｌｌ@ｗｉｄｔｈ.org", "full@width.org"),  # noqa: RUF001
        ("jörg@müller.de", "jörg@müller.de"),
    ],
)
def test_addresses_are_folded(text: str, stored: str) -> None:
    assert fold_email(text) == stored


@pytest.mark.parametrize(
    "text",
    ["", "@", "a@", "@b", "a b@c.org", "a@b..c", "a@-b.org", "a@b.org\x00", "a\n@b.org", "a@b.org\ud800", "a@" * 100],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Unfit):
        fold_email(text)


def test_names_are_trimmed_and_composed() -> None:
    assert fold_name("  Zoe\u0308   Quinn ") == "Zo\u00eb Quinn"


@pytest.mark.parametrize("text", ["", " ", "n" * 101, "a\tb", "a\x00b", "a\u2028b", "a\u202eb", "a\ud800b"])
def test_names_that_no_screen_can_show_are_refused(text: str) -> None:
    with pytest.raises(Unfit):
        fold_name(text)
