"""What probes and people are told about the server's own health."""

import socket
import time

import pytest

from tests.api.callers import Caller
from tests.api.conftest import MakeApp

LOOKS_AGAIN_SECONDS = 2.2
"""After so long the limiter looks whether Redis is back."""


def test_all_is_well(stranger: Caller) -> None:
    assert stranger.get("/health/live").get_json() == {"status": "ok"}
    for path in ("/health/ready", "/health"):
        response = stranger.get(path)
        assert response.status_code == 200
        body = response.get_json()
        assert (body["status"], body["database"], body["redis"]) == ("ok", "ok", "ok")


def test_without_redis_jobs_are_still_accepted_and_it_says_so(make_app: MakeApp) -> None:
    caller = Caller(make_app(redis_url="redis://127.0.0.1:1").test_client())
    response = caller.get("/health/ready")
    assert response.status_code == 503
    body = response.get_json()
    assert (body["status"], body["database"], body["redis"]) == ("degraded", "ok", "away")
    assert "accepted" in body["message"]
    assert caller.get("/health").status_code == 200
    assert caller.get("/health/live").status_code == 200


def test_without_a_database_nothing_is_ready(make_app: MakeApp) -> None:
    caller = Caller(make_app(database_url="postgresql://nobody@127.0.0.1:1/nothing").test_client())
    response = caller.get("/health/ready")
    assert response.status_code == 503
    assert (response.get_json()["status"], response.get_json()["database"]) == ("down", "away")
    assert caller.get("/health/live").status_code == 200


def test_liveness_never_waits_for_a_redis_that_hangs(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs_seconds = 0.5
    monkeypatch.setattr("millrace.broker.connection.SOCKET_TIMEOUT_SECONDS", hangs_seconds)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        caller = Caller(make_app(redis_url=f"redis://127.0.0.1:{mute.getsockname()[1]}").test_client())
        assert caller.get("auth/me").status_code == 401
        end, took = time.monotonic() + LOOKS_AGAIN_SECONDS, []
        while (began := time.monotonic()) < end:
            assert caller.get("/health/live").status_code == 200
            took.append(time.monotonic() - began)
    assert max(took) < hangs_seconds
