"""Names of files are kept as people wrote them, less what would harm."""

import pytest

from millrace.files.errors import BadFileName
from millrace.files.names import MAX_NAME_BYTES, check_name, clean_name


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("holiday.jpg", "holiday.jpg"),
        ("Été à Łódź 🏖️.jpeg", "Été à Łódź 🏖️.jpeg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.png", "photo.png"),
        ("line\nbreak\x00.txt", "linebreak.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("  spaces  .csv  ", "spaces  .csv"),
        ('what? "why": <this>|*.txt', "what_ _why__ _this___.txt"),
        (".env", ".env"),
    ],
)
def test_a_name_loses_only_what_would_harm(raw: str, kept: str) -> None:
    assert clean_name(raw) == kept


def test_a_name_is_composed() -> None:
    assert clean_name("e\u0301te\u0301.txt") == "\u00e9t\u00e9.txt"


@pytest.mark.parametrize("raw", ["", "   ", ".", "..", "a/..", "\x00", "photos/", "\u202e"])
def test_a_name_of_which_nothing_is_left_is_refused(raw: str) -> None:
    with pytest.raises(BadFileName) as refusal:
        clean_name(raw)
    assert refusal.value.code == "bad_file_name"
    assert "file" in refusal.value.fields


@pytest.mark.parametrize("raw", ["x" * 1000 + ".jpeg", "🏖️" * 300 + ".jpeg"])
def test_a_long_name_is_shortened_before_its_suffix(raw: str) -> None:
    name = clean_name(raw)
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name.endswith(".jpeg")


def test_a_long_suffix_is_no_suffix() -> None:
    assert len(clean_name("a." + "x" * 1000).encode()) == MAX_NAME_BYTES


def test_cleaning_twice_changes_nothing() -> None:
    for raw in ("x" * 300, "a/ b ", "🏖️" * 300 + ".jpeg", "x" * 239 + " .jpg"):
        assert check_name(clean_name(raw)) == clean_name(raw)


def test_an_unsafe_name_of_an_artifact_is_refused_and_the_safe_one_told() -> None:
    with pytest.raises(BadFileName, match=r"'report\.pdf' would be"):
        check_name("../report.pdf")
