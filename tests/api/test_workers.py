"""Workers by REST: who sees them and what of them, who asks something of them, and what is answered."""

from typing import Any

import pytest

from millrace.accounts.account import Role
from millrace.queues.worker import ProcessBeat
from millrace.services import Services
from tests.api.callers import Caller, error_of
from tests.api.conftest import People
from tests.factories import a_new_worker, an_id

JOB_ID = an_id()


@pytest.fixture(autouse=True)
def worker(services: Services) -> None:
    """One that has two processes; the second runs a job."""
    services.workers.register(a_new_worker(id="w1"))
    services.workers.add_process("w1", "w1.1", 42)
    services.workers.add_process("w1", "w1.2", 43)
    services.workers.beat("w1", 500, [ProcessBeat("w1.1", [], 0, 1000), ProcessBeat("w1.2", [f"{JOB_ID}:2"], 1, 2000)])


def only_worker(caller: Caller) -> dict[str, Any]:
    """The one worker there is, as `caller` is told of it."""
    response = caller.get("workers")
    assert response.status_code == 200, response.get_json()
    assert list(response.get_json()) == ["items"]
    (item,) = response.get_json()["items"]
    return dict(item)


def without_times(item: dict[str, Any]) -> dict[str, Any]:
    """What doesn't depend on when it is asked."""
    assert item["started_at"].endswith("Z")
    assert 0 <= item["silent_for_seconds"] < 5
    return {name: value for name, value in item.items() if name not in ("started_at", "silent_for_seconds")}


def test_a_worker_is_shown_with_its_processes_and_what_they_run(admin: Caller) -> None:
    item = only_worker(admin)
    processes = [without_times(process) for process in item.pop("processes")]
    assert without_times(item) == {
        "id": "w1",
        "host": "mill",
        "pid": 41,
        "version": "0.1.0",
        "python": "3.11.7",
        "state": "running",
        "queues": ["default", "images"],
        "threads": 8,
        "busy": 1,
        "capacity": 16,
        "memory_bytes": 3500,
        "quiet_requested_at": None,
        "quiet_requested_by": None,
        "stop_requested_at": None,
        "stop_requested_by": None,
    }
    assert processes == [
        {"id": "w1.1", "pid": 42, "busy": 0, "memory_bytes": 1000, "jobs": []},
        {"id": "w1.2", "pid": 43, "busy": 1, "memory_bytes": 2000, "jobs": [{"id": JOB_ID, "attempt": 2}]},
    ]


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_everybody_sees_workers_and_all_but_members_what_they_run(people: People, role: Role) -> None:
    item = only_worker(people.of_role(role))
    assert (item["id"], item["busy"]) == ("w1", 1)
    jobs = [process["jobs"] for process in item["processes"]]
    assert jobs == ([None, None] if role is Role.MEMBER else [[], [{"id": JOB_ID, "attempt": 2}]])


@pytest.mark.parametrize(("verb", "state"), [("quiet", "quiet"), ("stop", "stopping")])
@pytest.mark.parametrize("role", list(Role), ids=str)
def test_operators_and_admins_ask_and_are_named(people: People, role: Role, verb: str, state: str) -> None:
    caller = people.of_role(role)
    assert caller.account is not None
    response = caller.post(f"workers/w1/{verb}")
    if role in (Role.OPERATOR, Role.ADMIN):
        assert response.status_code == 200, response.get_json()
        asked = response.get_json()
        assert asked["state"] == state
        assert asked[f"{verb}_requested_at"].endswith("Z")
        assert asked[f"{verb}_requested_by"] == {"id": caller.id, "name": caller.account.name}
        assert only_worker(caller)["state"] == state
    else:
        error_of(response, 403, "not_allowed")
        assert only_worker(caller)["state"] == "running"


def test_who_asks_again_changes_nothing(people: People) -> None:
    first, second = people.of_role(Role.OPERATOR), people.of_role(Role.OPERATOR)
    asked = first.post("workers/w1/stop").get_json()
    again = second.post("workers/w1/stop")
    assert again.status_code == 200
    for field in ("stop_requested_at", "stop_requested_by"):
        assert again.get_json()[field] == asked[field]


@pytest.mark.parametrize("verb", ["quiet", "stop"])
def test_an_unknown_worker_is_answered_as_such(admin: Caller, verb: str) -> None:
    for worker_id in ("w2", "w1%00", "%F0%9F%8C%8A"):
        error_of(admin.post(f"workers/{worker_id}/{verb}"), 404, "worker_not_found")


def test_strangers_see_and_ask_nothing(stranger: Caller, services: Services) -> None:
    error_of(stranger.get("workers"), 401, "not_authenticated")
    error_of(stranger.post("workers/w1/stop"), 401, "not_authenticated")
    (seen,) = services.worker_service.list()
    assert seen.state == "running"
