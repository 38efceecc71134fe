"""Queues by REST: who sees them, who changes them, and what is answered to a change that doesn't fit."""

from typing import Any

import pytest

from millrace.accounts.account import Role
from millrace.broker.redis_queues import Waiting
from millrace.jobs.job import Delivery
from millrace.jobs.priority import Priority
from millrace.services import Services
from tests.api.callers import Caller, error_of
from tests.api.conftest import MakeApp, People

UNLIMITED = {"paused": False, "concurrency": None, "rate": None, "period_seconds": None, "version": 0}
NOTHING_WAITS = {
    "waiting": {"critical": 0, "high": 0, "normal": 0, "low": 0},
    "started": 0,
    "oldest_waiting_at": None,
}


def queues_of(caller: Caller) -> dict[str, dict[str, Any]]:
    """Every queue that `caller` is told of, by its name."""
    response = caller.get("queues")
    assert response.status_code == 200, response.get_json()
    return {item["name"]: item for item in response.get_json()["items"]}


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_everybody_who_is_signed_in_sees_every_queue(people: People, role: Role) -> None:
    queues = queues_of(people.of_role(role))
    assert list(queues) == ["default", "images"]
    assert queues["images"] == {"name": "images", **UNLIMITED, **NOTHING_WAITS}


def test_strangers_see_and_change_nothing(stranger: Caller) -> None:
    error_of(stranger.get("queues"), 401, "not_authenticated")
    error_of(stranger.patch("queues/default", {"paused": True}), 401, "not_authenticated")


def test_a_queue_tells_how_many_wait_on_each_level_and_since_when(member: Caller, services: Services) -> None:
    assert services.restoration.begin()
    assert services.restoration.finish()
    line = services.line
    for name, priority in (("a", Priority.LOW), ("b", Priority.LOW), ("c", Priority.CRITICAL)):
        line.enqueue("images", [Waiting(Delivery(name, 1), priority, member.id)])
    images = queues_of(member)["images"]
    assert images["waiting"] == {"critical": 1, "high": 0, "normal": 0, "low": 2}
    assert images["oldest_waiting_at"].endswith("Z")


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_operators_and_admins_change_queues(people: People, role: Role) -> None:
    caller = people.of_role(role)
    response = caller.patch("queues/images", {"paused": True})
    if role in (Role.OPERATOR, Role.ADMIN):
        assert response.status_code == 200
        assert response.get_json() == {"name": "images", **UNLIMITED, **NOTHING_WAITS, "paused": True, "version": 1}
        assert queues_of(caller)["images"] == response.get_json()
    else:
        assert "not change them" in error_of(response, 403, "not_allowed")["message"]
        assert queues_of(caller)["images"]["paused"] is False


def test_what_isnt_named_stays_and_null_lifts(admin: Caller) -> None:
    admin.patch("queues/images", {"concurrency": 3, "rate": 10, "period_seconds": 0.5})
    admin.patch("queues/images", {"paused": True, "concurrency": None})
    admin.patch("queues/images", {"rate": 20})
    images = queues_of(admin)["images"]
    assert (images["paused"], images["concurrency"], images["version"]) == (True, None, 3)
    assert (images["rate"], images["period_seconds"]) == (20, 0.5)
    lifted = admin.patch("queues/images", {"rate": None}).get_json()
    assert (lifted["rate"], lifted["period_seconds"]) == (None, None)
    assert queues_of(admin)["default"] == {"name": "default", **UNLIMITED, **NOTHING_WAITS}


def test_an_unknown_queue_is_answered_with_those_there_are(admin: Caller) -> None:
    for name in ("image", "images%00", "%F0%9F%8C%8A"):
        error = error_of(admin.patch(f"queues/{name}", {"paused": True}), 404, "queue_not_found")
        assert "There are: default, images." in error["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"colour": "blue"}, "colour"),
        ({"name": "other"}, "name"),
        ({"paused": None}, "paused"),
        ({"paused": "yes"}, "paused"),
        ({"concurrency": "3"}, "concurrency"),
        ({"concurrency": 1.5}, "concurrency"),
        ({"concurrency": True}, "concurrency"),
        ({"concurrency": 10**30}, "concurrency"),
        ({"rate": [], "period_seconds": 1}, "rate"),
        ({"rate": 1, "period_seconds": "soon"}, "period_seconds"),
    ],
)
def test_a_field_of_a_wrong_kind_is_named(admin: Caller, body: dict[str, Any], field: str) -> None:
    error = error_of(admin.patch("queues/images", body), 422, "validation_failed")
    assert list(error["fields"]) == [field]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 100_001}, "concurrency"),
        ({"rate": -1, "period_seconds": 1}, "rate"),
        ({"rate": 1_000_001, "period_seconds": 1}, "rate"),
        ({"rate": 1, "period_seconds": 0.01}, "period_seconds"),
        ({"rate": 1, "period_seconds": 1e300}, "period_seconds"),
        ({"rate": 1}, "period_seconds"),
        ({"period_seconds": 1}, "rate"),
    ],
)
def test_a_limit_that_doesnt_fit_is_named_and_changes_nothing(admin: Caller, body: dict[str, Any], field: str) -> None:
    error = error_of(admin.patch("queues/images", {"paused": True, **body}), 422, "bad_limit")
    assert list(error["fields"]) == [field]
    assert queues_of(admin)["images"] == {"name": "images", **UNLIMITED, **NOTHING_WAITS}


def test_a_change_of_nothing_says_what_could_be_changed(admin: Caller) -> None:
    error = error_of(admin.patch("queues/images", {}), 422, "validation_failed")
    assert "paused, concurrency, rate, period_seconds" in error["message"]
    json = {"Content-Type": "application/json"}
    error_of(admin.patch("queues/images", data=b"", headers=json), 400, "bad_json")
    error_of(admin.patch("queues/images", data=b"[]", headers=json), 400, "bad_json")


def test_queues_are_shown_and_changed_while_redis_is_away(make_app: MakeApp, stranger: Caller) -> None:
    # The first account is the admin.
    stranger.post("auth/register", {"email": "a@b.org", "password": "correct horse", "name": "A"})
    alone = Caller(make_app(redis_url="redis://127.0.0.1:1").test_client())
    signed_in = alone.post("auth/login", {"email": "a@b.org", "password": "correct horse"}).get_json()
    admin = Caller(alone.client, token=signed_in["access_token"])

    changed = admin.patch("queues/images", {"paused": True})
    assert changed.status_code == 200
    unknown = {"waiting": None, "started": None, "oldest_waiting_at": None}
    assert changed.get_json() == {"name": "images", **UNLIMITED, **unknown, "paused": True, "version": 1}
    assert queues_of(admin)["images"] == changed.get_json()
