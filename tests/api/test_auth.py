"""Registering, signing in and out, by REST."""

from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from flask import Flask

from millrace.accounts.account import Role
from millrace.api.app import create_app
from millrace.clock import SystemClock
from millrace.services import Services
from millrace.store.tables import accounts, sessions
from tests.api.callers import API, PASSWORD, Caller, error_of
from tests.api.conftest import MakeApp, People

ADA = {"email": "Ada@Example.org", "password": PASSWORD, "name": "Ada"}
BOB = {"email": "bob@example.org", "password": PASSWORD, "name": "Bob"}
COOKIE = "millrace_refresh"


def test_setup_tells_that_the_first_account_is_missing(stranger: Caller) -> None:
    before = stranger.get("auth/setup").get_json()
    assert before == {"first_account": True, "registration_open": True, "bootstrap_token_required": False}
    stranger.post("auth/register", ADA)
    assert stranger.get("auth/setup").get_json()["first_account"] is False


def test_first_account_is_admin_and_later_ones_are_members(stranger: Caller) -> None:
    first, second = (stranger.post("auth/register", person) for person in (ADA, BOB))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json()["user"]["role"] == "admin"
    assert second.get_json()["user"]["role"] == "member"


def test_registering_signs_in(stranger: Caller) -> None:
    body = stranger.post("auth/register", ADA).get_json()
    assert body["expires_in_seconds"] == 900
    me = Caller(stranger.client, token=body["access_token"]).get("auth/me")
    assert me.get_json() == body["user"]
    assert me.get_json()["email"] == "ada@example.org"


def test_refresh_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger: Caller) -> None:
    cookie = stranger.post("auth/register", ADA).headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/api/v1/auth", "Max-Age=2592000"):
        assert part in cookie
    assert "Secure" not in cookie


def test_refresh_cookie_is_secure_over_https(stranger: Caller) -> None:
    response = stranger.post("auth/register", ADA, base_url="https://localhost")
    assert "Secure" in response.headers["Set-Cookie"]


def test_forwarded_headers_count_behind_a_proxy_alone(make_app: MakeApp, stranger: Caller) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    response = stranger.post("auth/register", ADA, headers=forwarded)
    assert "Secure" not in response.headers["Set-Cookie"]
    proxied = Caller(make_app(behind_proxy=True).test_client())
    response = proxied.post("auth/register", BOB, headers=forwarded)
    assert "Secure" in response.headers["Set-Cookie"]


def test_refresh_gives_a_new_access_token_until_signed_out(stranger: Caller) -> None:
    stranger.post("auth/register", ADA)
    refreshed = stranger.post("auth/refresh")
    assert refreshed.status_code == 200
    assert refreshed.get_json()["user"]["email"] == "ada@example.org"
    kept = stranger.client.get_cookie(COOKIE, path="/api/v1/auth")
    assert kept is not None
    assert stranger.post("auth/logout").status_code == 204
    assert stranger.client.get_cookie(COOKIE, path="/api/v1/auth") is None
    error_of(stranger.post("auth/refresh"), 401, "session_ended")
    stranger.client.set_cookie(COOKIE, kept.value, path="/api/v1/auth")
    error_of(stranger.post("auth/refresh"), 401, "session_ended")


def test_signing_out_ends_the_access_token_at_once_and_may_be_repeated(stranger: Caller) -> None:
    token = stranger.post("auth/register", ADA).get_json()["access_token"]
    caller = Caller(stranger.client, token=token)
    assert caller.get("auth/me").status_code == 200
    assert stranger.post("auth/logout").status_code == 204
    error_of(caller.get("auth/me"), 401, "not_authenticated")
    assert stranger.post("auth/logout").status_code == 204


def test_an_expired_session_refreshes_nothing(stranger: Caller, services: Services) -> None:
    token = stranger.post("auth/register", ADA).get_json()["access_token"]
    past = sessions.update().values(expires_at=services.clock.utc_now() - timedelta(seconds=5))
    services.database.write(lambda connection: connection.execute(past))
    error_of(stranger.post("auth/refresh"), 401, "session_ended")
    error_of(Caller(stranger.client, token=token).get("auth/me"), 401, "not_authenticated")


def test_wrong_passwords_and_unknown_addresses_look_the_same(stranger: Caller) -> None:
    stranger.post("auth/register", ADA)
    answers = [
        stranger.post("auth/login", {"email": email, "password": password})
        for email, password in (
            ("ada@example.org", "wrong horse battery"),
            ("nobody@example.org", PASSWORD),
            ("no address", PASSWORD),
            ("", ""),
        )
    ]
    errors = [error_of(answer, 401, "wrong_credentials") for answer in answers]
    assert len({error["message"] for error in errors}) == 1
    assert not any("fields" in error for error in errors)
    assert not any("Set-Cookie" in answer.headers for answer in answers)


def test_signing_in_ignores_case_and_space_around_the_address(stranger: Caller) -> None:
    stranger.post("auth/register", ADA)
    answer = stranger.post("auth/login", {"email": " ADA@example.ORG ", "password": PASSWORD})
    assert answer.status_code == 200


def test_a_taken_address_is_told_beside_its_field(stranger: Caller) -> None:
    stranger.post("auth/register", ADA)
    again = stranger.post("auth/register", {**ADA, "email": "ada@EXAMPLE.org"})
    assert "email" in error_of(again, 409, "email_taken")["fields"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"),
        ("email", "a@b@c.org"),
        ("email", "ada\u0000@example.org"),
        ("email", "a" * 250 + "@example.org"),
        ("email", 7),
        ("password", "short"),
        ("password", "ada@example.org"),
        ("password", "aaaaaaaaaaaaaa"),
        ("password", "1234567890"),
        ("password", "P4ssw0rd2024!"),
        ("password", "x" * 201),
        ("password", None),
        ("name", ""),
        ("name", "   "),
        ("name", "n" * 101),
        ("name", "Ada\nLovelace"),
        ("name", "Ada\u202eecalevoL"),
        ("bootstrap_token", "t" * 2000),
        ("role", "admin"),
    ],
)
def test_unfit_registrations_name_their_field(stranger: Caller, field: str, value: object) -> None:
    response = stranger.post("auth/register", {**ADA, field: value})
    assert field in error_of(response, 422, "validation_failed")["fields"]
    assert stranger.get("auth/setup").get_json()["first_account"] is True


def test_first_account_needs_the_bootstrap_token_beyond_loopback(make_app: MakeApp) -> None:
    caller = Caller(make_app(host="0.0.0.0", bootstrap_token="open sesame").test_client())
    assert caller.get("auth/setup").get_json()["bootstrap_token_required"] is True
    for wrong in ({}, {"bootstrap_token": "open barley"}, {"bootstrap_token": "öpen"}, {"bootstrap_token": None}):
        error = error_of(caller.post("auth/register", {**ADA, **wrong}), 403, "bootstrap_token_wrong")
        assert "bootstrap_token" in error["fields"]
    assert caller.post("auth/register", {**ADA, "bootstrap_token": "open sesame"}).status_code == 201
    assert caller.get("auth/setup").get_json()["bootstrap_token_required"] is False
    assert caller.post("auth/register", BOB).status_code == 201


def test_first_account_needs_the_bootstrap_token_behind_a_proxy(make_app: MakeApp) -> None:
    caller = Caller(make_app(host="127.0.0.1", behind_proxy=True).test_client())
    assert caller.get("auth/setup").get_json()["bootstrap_token_required"] is True
    error_of(caller.post("auth/register", ADA), 403, "bootstrap_token_unset")


def test_without_a_bootstrap_token_set_the_refusal_says_what_to_set(make_app: MakeApp) -> None:
    caller = Caller(make_app(host="0.0.0.0").test_client())
    error = error_of(caller.post("auth/register", ADA), 403, "bootstrap_token_unset")
    assert "MILLRACE_BOOTSTRAP_TOKEN" in error["message"]


def test_closed_registration_still_lets_the_first_account_in(make_app: MakeApp) -> None:
    caller = Caller(make_app(registration="closed").test_client())
    assert caller.get("auth/setup").get_json()["registration_open"] is True
    assert caller.post("auth/register", ADA).status_code == 201
    assert caller.get("auth/setup").get_json()["registration_open"] is False
    error_of(caller.post("auth/register", BOB), 403, "registration_closed")


def _forged(app: Flask, member: Caller, key: str | None = None, algorithm: str = "HS256", **changed: object) -> str:
    claims = jwt.decode(member.token, options={"verify_signature": False})
    kept = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    if algorithm == "none":
        return jwt.encode(kept, "", algorithm="none")
    return jwt.encode(kept, key or app.config["JWT_SECRET_KEY"], algorithm=algorithm)


def test_forged_and_stale_tokens_let_nobody_in(app: Flask, member: Caller, admin: Caller) -> None:
    longer = app.config["JWT_SECRET_KEY"] * 2
    forged = [
        "",
        "not.a.token",
        "x" * 5000,
        _forged(app, member, algorithm="none"),
        _forged(app, member, key="another key of forty characters or more!"),
        _forged(app, member, algorithm="HS512", key=longer),
        _forged(app, member, exp=1_000_000_000),
        _forged(app, member, exp=None),
        _forged(app, member, type="refresh"),
        _forged(app, member, iss="somebody else"),
        _forged(app, member, sid=None),
        _forged(app, member, sid="not an id"),
        _forged(app, member, sub=admin.id),
    ]
    for token in forged:
        response = member.client.get(f"{API}/auth/me", headers={"Authorization": f"Bearer {token}"})
        error_of(response, 401, "not_authenticated")
        assert response.headers["WWW-Authenticate"] == "Bearer"
    response = member.client.get(f"{API}/auth/me", headers={"Authorization": f"Basic {member.token}"})
    error_of(response, 401, "not_authenticated")
    assert member.get("auth/me").status_code == 200


class AheadClock(SystemClock):
    """The clock of this host, as far ahead as a test puts it."""

    ahead_seconds = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_seconds


def test_a_change_of_role_shows_within_half_a_minute(services: Services) -> None:
    clock = AheadClock()
    app = create_app(replace(services, clock=clock))
    caller = People(app, services).of_role(Role.MEMBER)
    assert caller.get("auth/me").get_json()["role"] == "member"
    change = accounts.update().where(accounts.c.id == caller.id).values(role="operator")
    services.database.write(lambda connection: connection.execute(change))
    assert caller.get("auth/me").get_json()["role"] == "member"
    clock.ahead_seconds = 30
    assert caller.get("auth/me").get_json()["role"] == "operator"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "auth/me"),
        ("GET", "job-types"),
        ("GET", "job-types/sleep"),
        ("GET", "jobs"),
        ("POST", "jobs"),
        ("GET", "jobs/x"),
        ("POST", "jobs/x/cancel"),
        ("POST", "jobs/x/requeue"),
        ("GET", "jobs/x/attempts"),
        ("GET", "jobs/x/logs"),
        ("GET", "jobs/x/artifacts"),
        ("POST", "files"),
        ("GET", "files/x"),
        ("GET", "files/x/content"),
    ],
)
def test_without_signing_in_nothing_is_told(stranger: Caller, method: str, path: str) -> None:
    response = stranger.client.open(f"{API}/{path}", method=method, json={"wrong": 1} if method == "POST" else None)
    error_of(response, 401, "not_authenticated")
