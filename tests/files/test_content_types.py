"""What a file is, is told by its content; nothing that a browser would run is named as such."""

import io

import pytest
from PIL import Image

from millrace.files.content_types import HEAD_BYTES, content_type_of


def picture(form: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (9, 9), "teal").save(content, form)
    return content.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_pictures_are_recognised(form: str) -> None:
    assert content_type_of(picture(form), is_whole=True) == f"image/{form.lower()}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\x03\x04....", "application/zip"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "image/heic"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00miafavif", "image/avif"),
        (b'{"a": [1, 2]}', "application/json"),
        (b'\xef\xbb\xbf [ {"a": 1} ]\n', "application/json"),
        (b"[draft] a note", "text/plain"),
        (b'{"a": 1', "text/plain"),
        (b"name,email\nAda,ada@example.org\n", "text/csv"),
        (b'a;b\r\n"x;\r\ny";2\r\n', "text/csv"),
        (b"a\tb\n1\t2\n", "text/csv"),
        (b"Dear all,\nhello, and\nsee you, soon, there\n", "text/plain"),
        ("Grüße".encode(), "text/plain"),
        ("Grüße".encode("latin-1"), "application/octet-stream"),
        (b"BM is what this prose begins with", "text/plain"),
        (b"a\x00b", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_other_content_is_recognised(content: bytes, expected: str) -> None:
    assert content_type_of(content, is_whole=True) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><x/>",
        b"#!/bin/sh\n",
    ],
)
def test_what_a_browser_would_run_is_plain_text(content: bytes) -> None:
    assert content_type_of(content, is_whole=True) == "text/plain"


def test_html_in_another_encoding_is_nothing_known() -> None:
    assert content_type_of("<html>".encode("utf-16"), is_whole=True) == "application/octet-stream"


@pytest.mark.parametrize("padding", range(4))
def test_text_cut_within_a_character_is_text(padding: int) -> None:
    head = (b"x" * padding + "ü€🏖".encode() * HEAD_BYTES)[:HEAD_BYTES]
    assert content_type_of(head, is_whole=False) == "text/plain"
    assert content_type_of("ü".encode()[:1], is_whole=True) == "application/octet-stream"


def test_long_json_and_csv_are_recognised_by_their_beginning() -> None:
    assert content_type_of(b'[{"a": 1},' * 7000, is_whole=False) == "application/json"
    assert content_type_of(b"a,b\n" + b"1,2\n" * 20_000 + b"3", is_whole=False) == "text/csv"


def test_deep_nesting_is_no_crash() -> None:
    assert content_type_of(b"[" * 60_000, is_whole=True) == "text/plain"
