"""Whatever is sent wrongly is answered in one shape, with a sentence that says what to change."""

import io
from typing import Any

import pytest
from flask import Flask

from tests.api.callers import API, Caller, error_of
from tests.api.conftest import MakeApp

SLEEP = {"type": "sleep", "payload": {"seconds": 1}}
JSON = {"Content-Type": "application/json"}


def test_an_unknown_address_and_a_wrong_method(stranger: Caller) -> None:
    error_of(stranger.get("nothing/here"), 404, "not_found")
    error_of(stranger.post("nothing/here"), 404, "not_found")
    response = stranger.post("auth/me")
    error_of(response, 405, "method_not_allowed")
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'type': 'sleep'}",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"type": "\\ud800"}',
        b'{"type": NaN}',
        b"[" * 100_000,
        b'{"payload":' * 5_000 + b"1" + b"}" * 5_000,
    ],
)
def test_a_body_that_isnt_a_json_object(member: Caller, body: bytes) -> None:
    error_of(member.post("jobs", data=body, headers=JSON), 400, "bad_json")


def test_another_media_type(member: Caller) -> None:
    error = error_of(member.post("jobs", data={"type": "sleep"}), 415, "unsupported_media_type")
    assert "application/json" in error["message"]


def test_a_payload_that_is_nested_too_deeply(member: Caller) -> None:
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"a": deep}
    error_of(member.post("jobs", {"type": "sleep", "payload": deep}), 422, "payload_invalid")


def test_a_recursion_that_goes_too_far_is_the_senders_fault(make_app: MakeApp) -> None:
    app = make_app()

    def endless() -> str:
        return endless()

    app.add_url_rule("/api/v1/endless", view_func=endless)
    error_of(Caller(app.test_client()).get("endless"), 400, "body_too_deep")


def test_a_body_that_is_too_large(member: Caller) -> None:
    huge = {"type": "sleep", "payload": {"text": "x" * 600_000}}
    error = error_of(member.post("jobs", huge), 413, "body_too_large")
    assert "524,288" in error["message"]


def test_a_body_of_unknown_length(app: Flask, member: Caller) -> None:
    response = member.post("jobs", input_stream=io.BytesIO(b"{}"), headers={**JSON, "Transfer-Encoding": "chunked"})
    error_of(response, 411, "length_required")


def test_a_query_that_is_too_long(member: Caller) -> None:
    error_of(member.get("jobs?type=" + "x" * 20_000), 414, "request_uri_too_long")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"payload": {}}, "type"),
        ({"type": "sleep"}, "payload"),
        ({**SLEEP, "type": 7}, "type"),
        ({**SLEEP, "payload": []}, "payload"),
        ({**SLEEP, "priority": "urgent"}, "priority"),
        ({**SLEEP, "priority": 0}, "priority"),
        ({**SLEEP, "run_at": "tomorrow"}, "run_at"),
        ({**SLEEP, "run_at": "2026-01-01T00:00:00"}, "run_at"),
        ({**SLEEP, "run_at": "9999-12-31T23:59:59-23:00"}, "run_at"),
        ({**SLEEP, "run_at": "3000-01-01T00:00:00Z"}, "run_at"),
        ({**SLEEP, "tags": "blue"}, "tags"),
        ({**SLEEP, "tags": ["a"] * 11}, "tags"),
        ({**SLEEP, "tags": ["a", ""]}, "tags.1"),
        ({**SLEEP, "tags": ["a\u0000"]}, "tags.0"),
        ({**SLEEP, "max_attempts": 0}, "max_attempts"),
        ({**SLEEP, "max_attempts": "3"}, "max_attempts"),
        ({**SLEEP, "max_attempts": True}, "max_attempts"),
        ({**SLEEP, "max_attempts": 10**30}, "max_attempts"),
        ({**SLEEP, "time_limit_seconds": 0}, "time_limit_seconds"),
        ({**SLEEP, "time_limit_seconds": 1e300}, "time_limit_seconds"),
        ({**SLEEP, "colour": "blue"}, "colour"),
    ],
)
def test_a_wrong_field_is_named(member: Caller, body: dict[str, Any], field: str) -> None:
    error = error_of(member.post("jobs", body), 422, "validation_failed")
    assert list(error["fields"]) == [field]


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"seconds": "long"}, "payload.seconds"),
        ({"seconds": -1}, "payload.seconds"),
        ({"seconds": 1, "colour": "blue"}, "payload.colour"),
        ({"seconds": 1, "text": "a\u0000b"}, "payload.text"),
    ],
)
def test_a_wrong_payload_names_its_field(member: Caller, payload: dict[str, Any], field: str) -> None:
    error = error_of(member.post("jobs", {"type": "sleep", "payload": payload}), 422, "payload_invalid")
    assert field in error["fields"]


def test_a_wrong_field_deep_in_the_payload_has_its_whole_path(member: Caller) -> None:
    payload = {"file_id": "nothing", "sizes": [{"width": 100}, {"width": "wide"}]}
    error = error_of(member.post("jobs", {"type": "image", "payload": payload}), 422, "payload_invalid")
    assert "payload.sizes.1.width" in error["fields"]


def test_an_unknown_job_type_is_told_beside_the_field_with_those_there_are(member: Caller) -> None:
    error = error_of(member.post("jobs", {**SLEEP, "type": "slep"}), 422, "unknown_job_type")
    assert "sleep" in error["fields"]["type"][0]
    error_of(member.get("job-types/slep"), 404, "unknown_job_type")


def test_a_text_file_in_place_of_an_image_is_told_beside_the_field(member: Caller) -> None:
    uploaded = member.post("files", data={"file": (io.BytesIO(b"just words"), "photo.jpg")})
    payload = {"file_id": uploaded.get_json()["id"], "sizes": [{"width": 100}]}
    error = error_of(member.post("jobs", {"type": "image", "payload": payload}), 422, "payload_invalid")
    assert "photo.jpg" in error["fields"]["payload.file_id"][0]
    assert "JPEG" in error["fields"]["payload.file_id"][0]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("state=asleep", "state.0"),
        ("state=queued&state=asleep", "state.1"),
        ("priority=urgent", "priority.0"),
        ("submitter=me", "submitter.0"),
        ("type=%00", "type.0"),
        ("queue=", "queue.0"),
        ("stat=queued", "stat"),
        ("cursor=" + "x" * 201, "cursor"),
        ("&".join(["type=sleep"] * 51), "type"),
    ],
)
def test_a_wrong_filter_is_named(member: Caller, query: str, field: str) -> None:
    error = error_of(member.get(f"jobs?{query}"), 422, "validation_failed")
    assert field in error["fields"]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "💧", "AAAAAGpvYnMKYQ", "-_-_"])
def test_a_cursor_that_isnt_ours(member: Caller, cursor: str) -> None:
    error = error_of(member.get("jobs", query_string={"cursor": cursor}), 400, "bad_cursor")
    assert "cursor" in error["fields"]


def test_ids_that_arent_ids_are_ids_of_nothing(member: Caller) -> None:
    for job_id in ("x", "1", "%00", "00000000-0000-0000-0000-000000000000", "{}", "..%2f.."):
        assert member.get(f"jobs/{job_id}").status_code == 404
        assert member.get(f"files/{job_id}/content").status_code == 404
    error_of(member.get("jobs/x"), 404, "job_not_found")
    error_of(member.get("files/x"), 404, "file_not_found")


def test_an_unknown_error_tells_nothing_but_its_request_id(make_app: MakeApp) -> None:
    app = make_app()

    def break_down() -> str:
        raise RuntimeError("the password is 1234")

    app.add_url_rule("/api/v1/breaks", view_func=break_down)
    response = Caller(app.test_client()).get("breaks")
    error_of(response, 500, "internal_error")
    assert "1234" not in response.get_data(as_text=True)


def test_a_database_that_is_away_is_said_so(make_app: MakeApp, member: Caller) -> None:
    away = make_app(database_url="postgresql://nobody@127.0.0.1:1/nothing")
    response = Caller(away.test_client()).get("auth/setup")
    error_of(response, 503, "database_unavailable")
    assert response.headers["Retry-After"]


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("my-request-0001", True),
        ("short", False),
        ("x" * 200, False),
        ("with space and more", False),
        ("<b>bold</b>", False),
    ],
)
def test_a_sane_request_id_is_kept(stranger: Caller, given: str, is_kept: bool) -> None:
    response = stranger.get("nothing", headers={"X-Request-ID": given})
    assert (response.headers["X-Request-ID"] == given) is is_kept
    error_of(response, 404, "not_found")


def test_errors_are_json_even_where_a_page_is_asked_for(stranger: Caller) -> None:
    response = stranger.client.get(f"{API}/nothing", headers={"Accept": "text/html"})
    error_of(response, 404, "not_found")
