"""Files by REST: taken in as they come, given out so that none of them can run."""

import hashlib
import io
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from millrace.settings import Settings
from tests.api.callers import Caller, error_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
PAGE = b"<!doctype html><script>alert(1)</script>"
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=edge"}


def upload(caller: Caller, content: bytes, name: str = "a.bin") -> TestResponse:
    # Written by hand: Werkzeug's own client leaves the temporary file open that it makes of a large form.
    quoted = name.replace("\\", "\\\\").replace('"', "%22").replace("\n", "%0A")
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'
    return caller.post("files", data=head.encode() + content + b"\r\n--edge--\r\n", headers=BOUNDARY)


def stored_files(settings: Settings) -> list[Path]:
    return [path for path in settings.files_folder.rglob("*") if path.is_file()]


def test_an_upload_is_described_by_its_content(member: Caller) -> None:
    response = upload(member, PNG, "Küste am Abend.jpeg")
    assert response.status_code == 201
    body = response.get_json()
    assert (body["name"], body["content_type"], body["size_bytes"]) == ("Küste am Abend.jpeg", "image/png", len(PNG))
    assert body["sha256"] == hashlib.sha256(PNG).hexdigest()
    assert member.get(f"files/{body['id']}").get_json() == body


@pytest.mark.parametrize("size", [0, 1, 65_500, 65_536, 65_537, 131_072, 1_500_000])
def test_bytes_come_back_as_they_went(member: Caller, size: int) -> None:
    content = (b"\r\n--edg\x00\xff" * (size // 9 + 1))[:size]
    file_id = upload(member, content).get_json()["id"]
    assert member.get(f"files/{file_id}/content").data == content


def test_an_upload_that_is_too_large_is_told_beside_its_field_and_leaves_nothing(
    member: Caller, settings: Settings
) -> None:
    for size in (settings.max_upload_bytes + 1, settings.max_upload_bytes + 1_000_000):
        error = error_of(upload(member, b"x" * size), 413, "file_too_large")
        assert "file" in error["fields"]
    assert stored_files(settings) == []


def test_a_body_that_breaks_off_is_refused_and_leaves_nothing(member: Caller, settings: Settings) -> None:
    start = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    for body in (start + b"half a fi", start + b"half\r\n--edg", start[:30], b"words"):
        error_of(member.post("files", data=body, headers=BOUNDARY), 400, "bad_multipart")
    assert stored_files(settings) == []


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"Content-Type": "application/json"}),
        (b"words", {"Content-Type": "multipart/form-data"}),
        (b"--edge\r\nContent-Disposition: " + b"x" * 1_200_000, BOUNDARY),
        (b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 30 + b"--edge--\r\n", BOUNDARY),
    ],
)
def test_what_is_no_form_is_refused(member: Caller, body: bytes, headers: dict[str, str]) -> None:
    error_of(member.post("files", data=body, headers=headers), 400, "bad_multipart")


def test_a_form_without_the_file_names_the_part(member: Caller) -> None:
    for form in ({"other": (io.BytesIO(b"x"), "a.txt")}, {"file": "only text"}):
        response = member.post("files", data=form, content_type="multipart/form-data")
        assert "file" in error_of(response, 422, "validation_failed")["fields"]


def test_other_parts_before_the_file_are_passed_over(member: Caller) -> None:
    form = {"note": "hello", "other": (io.BytesIO(b"x" * 100_000), "b.txt"), "file": (io.BytesIO(b"words"), "a.txt")}
    response = member.post("files", data=form)
    assert (response.get_json()["name"], response.get_json()["size_bytes"]) == ("a.txt", 5)


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\boot.ini", "a\nb.txt", 'q"uote.txt', "…" * 300, "\x00", ""])
def test_a_name_is_never_a_path_and_never_a_header(member: Caller, settings: Settings, name: str) -> None:
    response = upload(member, b"words", name)
    if response.status_code != 201:
        assert response.status_code == 422
        return
    served = member.get(f"files/{response.get_json()['id']}/content")
    assert served.data == b"words"
    assert "\n" not in served.headers["Content-Disposition"]
    assert all(path.is_relative_to(settings.files_folder) for path in stored_files(settings))


def test_an_uploaded_page_is_never_shown_as_one(member: Caller) -> None:
    file_id = upload(member, PAGE, "page.html").get_json()["id"]
    served = member.get(f"files/{file_id}/content")
    assert served.mimetype == "text/plain"
    assert served.headers["Content-Disposition"].startswith("attachment")
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_a_picture_is_shown_unless_it_is_to_be_saved(member: Caller) -> None:
    file_id = upload(member, PNG, "p.png").get_json()["id"]
    shown = member.get(f"files/{file_id}/content")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.mimetype == "image/png"
    assert "no-cache" in shown.headers["Cache-Control"]
    saved = member.get(f"files/{file_id}/content?download=true")
    assert saved.headers["Content-Disposition"] == "attachment; filename=p.png"


def test_ranges_and_etags_are_honoured(member: Caller) -> None:
    file_id = upload(member, PNG, "p.png").get_json()["id"]
    path = f"files/{file_id}/content"
    part = member.get(path, headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.data) == (206, PNG[4:10])
    unchanged = member.get(path, headers={"If-None-Match": part.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    beyond = member.get(path, headers={"Range": "bytes=99999999-"})
    error_of(beyond, 416, "bad_range")
    assert beyond.headers["Content-Range"] == f"bytes */{len(PNG)}"
