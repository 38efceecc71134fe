"""The built frontend is served beside the API, and pages have addresses of their own."""

import pytest

from millrace.settings import Settings
from tests.api.callers import Caller, error_of

INDEX = "<!doctype html><div id=root></div>"


@pytest.fixture
def built(settings: Settings) -> None:
    assert settings.frontend_folder is not None
    assets = settings.frontend_folder / "assets"
    assets.mkdir(parents=True)
    (settings.frontend_folder / "index.html").write_text(INDEX)
    (settings.frontend_folder / "favicon.svg").write_text("<svg/>")
    (assets / "index-4f3a.js").write_text("let a")
    (settings.frontend_folder / ".vite").mkdir()
    (settings.frontend_folder / ".vite" / "manifest.json").write_text("{}")
    (settings.data_folder / "secret.txt").write_text("secret")


@pytest.mark.parametrize("path", ["/", "/index.html", "/jobs", "/jobs/0192", "/sign-in?next=/jobs", "/a.b/c"])
def test_pages_are_all_the_one_page(built: None, stranger: Caller, path: str) -> None:
    response = stranger.get(path)
    assert (response.status_code, response.get_data(as_text=True)) == (200, INDEX)
    assert response.mimetype == "text/html"
    assert response.headers["Cache-Control"] == "no-cache"


def test_hashed_assets_are_kept_for_a_year_and_others_asked_for_again(built: None, stranger: Caller) -> None:
    script = stranger.get("/assets/index-4f3a.js")
    assert script.data == b"let a"
    assert script.mimetype == "text/javascript"
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    icon = stranger.get("/favicon.svg")
    assert icon.headers["Cache-Control"] == "no-cache"
    again = stranger.get("/favicon.svg", headers={"If-None-Match": icon.headers["ETag"]})
    assert again.status_code == 304


def test_assets_of_an_older_build_are_missed_not_replaced_by_a_page(built: None, stranger: Caller) -> None:
    error_of(stranger.get("/assets/index-0000.js"), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/x", "/health/nothing", "/socket.io/"])
def test_addresses_of_programs_are_never_pages(built: None, stranger: Caller, path: str) -> None:
    error_of(stranger.get(path, headers={"Accept": "text/html"}), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "//secret.txt",
        "/\\..\\x",
    ],
)
def test_nothing_outside_the_folder_is_served(built: None, stranger: Caller, path: str) -> None:
    assert b"secret" not in stranger.get(path).data
    assert stranger.get("/.vite/manifest.json").data != b"{}"


def test_a_dashboard_that_isnt_built_says_so(stranger: Caller) -> None:
    response = stranger.get("/")
    assert response.status_code == 404
    assert "make run" in response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/jobs", "/api/v1/auth/setup", "/api/v1/nothing", "/health/live"])
def test_every_answer_tells_the_browser_what_to_refuse(built: None, stranger: Caller, path: str) -> None:
    headers = stranger.get(path).headers
    policy = headers["Content-Security-Policy"]
    for part in ("script-src 'self';", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_no_cache_keeps_what_the_api_answers(member: Caller) -> None:
    assert member.get("jobs").headers["Cache-Control"] == "no-store"
