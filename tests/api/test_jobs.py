"""Jobs by REST: submitting, listing, paging, governing, and what belongs to one."""

import pytest

from millrace.jobs.job import LogLine
from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState
from millrace.services import Services
from tests.api.callers import Caller, error_of, ids_in
from tests.api.conftest import MakeApp
from tests.factories import JobsInStates, an_id

SLEEP = {"type": "sleep", "payload": {"seconds": 1}}


def test_a_submitted_job_is_answered_whole_and_found_again(member: Caller) -> None:
    response = member.post("jobs", {**SLEEP, "priority": "high", "tags": ["blue"], "max_attempts": 2})
    assert response.status_code == 201
    job = response.get_json()
    assert (job["state"], job["priority"], job["tags"], job["max_attempts"]) == ("queued", "high", ["blue"], 2)
    assert job["payload"]["seconds"] == 1
    assert job["submitter"]["id"] == member.id
    assert job["created_at"].endswith("Z")
    assert member.get(f"jobs/{job['id']}").get_json() == job


def test_a_job_for_later_is_scheduled(member: Caller, services: Services) -> None:
    later = services.clock.utc_now().replace(microsecond=0).isoformat().replace("+00:00", "+02:00")
    past = member.post("jobs", {**SLEEP, "run_at": later}).get_json()
    assert past["state"] == "queued"
    year = services.clock.utc_now().year + 1
    scheduled = member.post("jobs", {**SLEEP, "run_at": f"{year}-01-01T02:00:00+02:00"}).get_json()
    assert scheduled["state"] == "scheduled"
    assert scheduled["run_at"] == f"{year}-01-01T00:00:00.000Z"


def test_jobs_are_accepted_while_redis_is_away(make_app: MakeApp, stranger: Caller) -> None:
    stranger.post("auth/register", {"email": "a@b.org", "password": "correct horse", "name": "A"})
    alone = Caller(make_app(redis_url="redis://127.0.0.1:1").test_client())
    answer = alone.post("auth/login", {"email": "a@b.org", "password": "correct horse"}).get_json()
    caller = Caller(alone.client, token=answer["access_token"])
    job = caller.post("jobs", SLEEP)
    assert job.status_code == 201
    assert ids_in(caller.get("jobs")) == [job.get_json()["id"]]


@pytest.mark.parametrize("state", list(JobState), ids=str)
def test_what_may_be_done_depends_on_the_state(member: Caller, jobs: JobsInStates, state: JobState) -> None:
    job = jobs.in_state(state, submitter_id=member.id)
    is_finished = state in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
    allowed, refused = ("requeue", "cancel") if is_finished else ("cancel", "requeue")
    error = error_of(member.post(f"jobs/{job.id}/{refused}"), 409, "wrong_state")
    assert state.value in error["message"]
    assert member.post(f"jobs/{job.id}/{allowed}").status_code == 200


@pytest.mark.parametrize(("state", "becomes"), [(JobState.RUNNING, "running"), (JobState.QUEUED, "cancelled")])
def test_a_job_that_is_cancelled_says_when_and_by_whom_until_it_is_sent_again(
    admin: Caller, member: Caller, jobs: JobsInStates, state: JobState, becomes: str
) -> None:
    job = jobs.in_state(state, submitter_id=member.id)
    before = member.get(f"jobs/{job.id}").get_json()
    assert (before["cancel_requested_at"], before["cancel_requested_by"]) == (None, None)
    asked = admin.post(f"jobs/{job.id}/cancel").get_json()
    assert asked["state"] == becomes
    assert asked["cancel_requested_at"] is not None
    assert admin.account is not None
    assert asked["cancel_requested_by"] == {"id": admin.id, "name": admin.account.name}
    assert member.get(f"jobs/{job.id}").get_json()["cancel_requested_by"] == asked["cancel_requested_by"]
    (listed,) = member.get("jobs").get_json()["items"]
    assert listed["cancel_requested_by"] == asked["cancel_requested_by"]
    assert listed["submitter"]["id"] == member.id
    if becomes == "cancelled":
        assert member.post(f"jobs/{job.id}/requeue").get_json()["cancel_requested_by"] is None


def test_a_completed_job_shows_its_result_and_a_failed_one_its_error(member: Caller, jobs: JobsInStates) -> None:
    completed = jobs.in_state(JobState.COMPLETED, submitter_id=member.id)
    assert member.get(f"jobs/{completed.id}").get_json()["result"] == {"slept": 1}
    failed = jobs.in_state(JobState.FAILED, submitter_id=member.id)
    assert member.get(f"jobs/{failed.id}").get_json()["error"] == {"code": "handler_error", "message": "It broke."}
    attempts = member.get(f"jobs/{failed.id}/attempts").get_json()["items"]
    assert [(attempt["number"], attempt["outcome"]) for attempt in attempts] == [(1, "failed")]
    assert attempts[0]["error"]["traceback"] == "Traceback …"


def test_filters_narrow_and_values_of_one_filter_are_alternatives(member: Caller, jobs: JobsInStates) -> None:
    queued = jobs.in_state(JobState.QUEUED, submitter_id=member.id, priority=Priority.LOW)
    failed = jobs.in_state(JobState.FAILED, submitter_id=member.id, queue="other")
    done = jobs.in_state(JobState.COMPLETED, submitter_id=member.id, type="image")
    assert ids_in(member.get("jobs?state=queued")) == [queued.id]
    assert ids_in(member.get("jobs?state=queued&state=failed")) == [failed.id, queued.id]
    assert ids_in(member.get("jobs?state=queued&queue=other")) == []
    assert ids_in(member.get("jobs?type=image")) == [done.id]
    assert ids_in(member.get("jobs?priority=low&priority=critical")) == [queued.id]
    assert ids_in(member.get(f"jobs?submitter={an_id()}")) == []


def test_pages_stay_where_they_are_while_jobs_arrive(member: Caller, jobs: JobsInStates) -> None:
    ids = [jobs.in_state(JobState.QUEUED, submitter_id=member.id).id for _ in range(7)]
    seen, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = member.get("jobs", query_string=query)
        seen += ids_in(page)
        cursor = page.get_json()["next_cursor"]
        jobs.in_state(JobState.QUEUED, submitter_id=member.id)
        if cursor is None:
            break
    assert seen == ids[::-1]


def test_numbers_that_few_programs_can_hold_are_still_answered(member: Caller, jobs: JobsInStates) -> None:
    job = jobs.in_state(JobState.QUEUED, submitter_id=member.id, payload={"many": 10**30})
    assert member.get(f"jobs/{job.id}").get_json()["payload"] == {"many": 10**30}


def test_a_cursor_of_one_list_is_none_of_another(member: Caller, jobs: JobsInStates) -> None:
    ids = [jobs.in_state(JobState.QUEUED, submitter_id=member.id).id for _ in range(2)]
    cursor = member.get("jobs?limit=1").get_json()["next_cursor"]
    error_of(member.get(f"jobs/{ids[0]}/logs?cursor={cursor}"), 400, "bad_cursor")


def write_lines(services: Services, job_id: str, attempt: int, count: int) -> None:
    now = services.clock.utc_now()
    services.jobs.write_logs(
        [LogLine(job_id, an_id(), attempt, seq, now, "info", f"line {seq}") for seq in range(1, count + 1)]
    )


def test_logs_page_forward_and_begin_anew_with_the_next_attempt(
    member: Caller, jobs: JobsInStates, services: Services
) -> None:
    job = jobs.in_state(JobState.FAILED, submitter_id=member.id)
    write_lines(services, job.id, 1, 5)
    first = member.get(f"jobs/{job.id}/logs?limit=3").get_json()
    assert [line["seq"] for line in first["items"]] == [1, 2, 3]
    cursor = first["next_cursor"]
    second = member.get(f"jobs/{job.id}/logs?limit=3&cursor={cursor}").get_json()
    assert [line["seq"] for line in second["items"]] == [4, 5]
    assert second["next_cursor"] is None
    member.post(f"jobs/{job.id}/requeue")
    assert member.get(f"jobs/{job.id}/logs").get_json()["items"] == []
    write_lines(services, job.id, 2, 2)
    again = member.get(f"jobs/{job.id}/logs?cursor={cursor}").get_json()
    assert [(line["attempt"], line["seq"]) for line in again["items"]] == [(2, 1), (2, 2)]


def test_job_types_describe_a_form_that_stands_alone(member: Caller) -> None:
    types = {item["type"]: item for item in member.get("job-types").get_json()["items"]}
    assert set(types) >= {"sleep", "image"}
    image = member.get("job-types/image").get_json()
    assert image == types["image"]
    schema = image["payload_schema"]
    assert "$ref" not in str(schema)
    assert schema["x-order"][0] == "file_id"
    assert schema["required"] == ["file_id", "sizes"]
    assert schema["properties"]["file_id"]["format"] == "file-id"
    assert "image/jpeg" in schema["properties"]["file_id"]["x-accept"]
    size = schema["properties"]["sizes"]["items"]
    assert size["x-order"][:2] == ["width", "height"]
    assert size["properties"]["width"] | {"minimum": 1, "maximum": 10_000} == size["properties"]["width"]
    assert schema["properties"]["format"]["x-enum-titles"].keys() == set(schema["properties"]["format"]["enum"])
