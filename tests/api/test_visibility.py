"""Who sees and who governs what: every route of jobs and files, every role, own and foreign."""

import io

import pytest

from millrace.accounts.account import Role
from millrace.jobs.states import JobState
from millrace.services import Services
from tests.api.callers import Caller, error_of, ids_in
from tests.api.conftest import People
from tests.factories import JobsInStates

READS = ("jobs/{}", "jobs/{}/attempts", "jobs/{}/logs", "jobs/{}/artifacts")
SEES_ALL = {Role.VIEWER, Role.OPERATOR, Role.ADMIN}
GOVERNS_ALL = {Role.OPERATOR, Role.ADMIN}


@pytest.fixture(params=list(Role), ids=str)
def caller(request: pytest.FixtureRequest, people: People) -> Caller:
    """Somebody of each role in turn."""
    return people.of_role(request.param)


def role_of(caller: Caller) -> Role:
    assert caller.account is not None
    return caller.account.role


def test_foreign_jobs_are_read_by_all_but_members(caller: Caller, member: Caller, jobs: JobsInStates) -> None:
    job = jobs.in_state(JobState.QUEUED, submitter_id=member.id)
    for path in READS:
        response = caller.get(path.format(job.id))
        if role_of(caller) in SEES_ALL:
            assert response.status_code == 200, path
        else:
            error_of(response, 404, "job_not_found")
    assert (job.id in ids_in(caller.get("jobs"))) is (role_of(caller) in SEES_ALL)
    assert (job.id in ids_in(caller.get(f"jobs?submitter={member.id}"))) is (role_of(caller) in SEES_ALL)


def test_own_jobs_are_read_by_everybody(caller: Caller, jobs: JobsInStates) -> None:
    job = jobs.in_state(JobState.QUEUED, submitter_id=caller.id)
    for path in READS:
        assert caller.get(path.format(job.id)).status_code == 200, path
    assert ids_in(caller.get("jobs")) == [job.id]


@pytest.mark.parametrize(("verb", "state"), [("cancel", JobState.QUEUED), ("requeue", JobState.FAILED)])
def test_foreign_jobs_are_governed_by_operators_and_admins(
    caller: Caller, member: Caller, jobs: JobsInStates, verb: str, state: JobState
) -> None:
    job = jobs.in_state(state, submitter_id=member.id)
    response = caller.post(f"jobs/{job.id}/{verb}")
    if role_of(caller) in GOVERNS_ALL:
        assert response.status_code == 200
        assert response.get_json()["state"] == ("cancelled" if verb == "cancel" else "queued")
    elif role_of(caller) is Role.VIEWER:
        error_of(response, 403, "not_allowed")
    else:
        error_of(response, 404, "job_not_found")
    changed = member.get(f"jobs/{job.id}").get_json()["version"] != job.version
    assert changed is (role_of(caller) in GOVERNS_ALL)


@pytest.mark.parametrize(("verb", "state"), [("cancel", JobState.QUEUED), ("requeue", JobState.FAILED)])
def test_own_jobs_are_governed_by_all_but_viewers(
    caller: Caller, jobs: JobsInStates, verb: str, state: JobState
) -> None:
    job = jobs.in_state(state, submitter_id=caller.id)
    assert caller.get(f"jobs/{job.id}").get_json()["may_govern"] is (role_of(caller) is not Role.VIEWER)
    response = caller.post(f"jobs/{job.id}/{verb}")
    if role_of(caller) is Role.VIEWER:
        error_of(response, 403, "not_allowed")
    else:
        assert response.status_code == 200


def test_viewers_submit_and_upload_nothing(caller: Caller) -> None:
    submitted = caller.post("jobs", {"type": "sleep", "payload": {"seconds": 1}})
    uploaded = caller.post("files", data={"file": (io.BytesIO(b"words"), "words.txt")})
    for response in (submitted, uploaded):
        if role_of(caller) is Role.VIEWER:
            error_of(response, 403, "not_allowed")
        else:
            assert response.status_code == 201


def test_uploads_are_seen_by_their_owner_and_by_operators(caller: Caller, member: Caller) -> None:
    file_id = member.post("files", data={"file": (io.BytesIO(b"words"), "words.txt")}).get_json()["id"]
    for path in (f"files/{file_id}", f"files/{file_id}/content"):
        assert member.get(path).status_code == 200
        response = caller.get(path)
        if role_of(caller) in GOVERNS_ALL:
            assert response.status_code == 200
        else:
            error_of(response, 404, "file_not_found")


def test_artifacts_are_seen_like_their_job(
    caller: Caller, member: Caller, jobs: JobsInStates, services: Services
) -> None:
    job = jobs.in_state(JobState.RUNNING, submitter_id=member.id)
    stored = services.files.save_artifact(job, "result.txt", b"done")
    listed = member.get(f"jobs/{job.id}/artifacts").get_json()["items"]
    assert [artifact["id"] for artifact in listed] == [stored.id]
    for path in (f"files/{stored.id}", f"files/{stored.id}/content"):
        assert member.get(path).status_code == 200
        response = caller.get(path)
        if role_of(caller) in SEES_ALL:
            assert response.status_code == 200
        else:
            error_of(response, 404, "file_not_found")


def test_another_members_upload_is_no_input_for_a_job(people: People, member: Caller) -> None:
    picture = b"\xff\xd8\xff" + b"0" * 100
    file_id = member.post("files", data={"file": (io.BytesIO(picture), "photo.jpg")}).get_json()["id"]
    wish = {"type": "image", "payload": {"file_id": file_id, "sizes": [{"width": 10}]}}
    assert member.post("jobs", wish).status_code == 201
    other = people.of_role(Role.MEMBER)
    error = error_of(other.post("jobs", wish), 422, "payload_invalid")
    assert "payload.file_id" in error["fields"]


def test_the_name_of_a_submitter_is_shown(admin: Caller, member: Caller, jobs: JobsInStates) -> None:
    jobs.in_state(JobState.QUEUED, submitter_id=member.id)
    jobs.in_state(JobState.QUEUED)
    assert member.account is not None
    submitters = [item["submitter"] for item in admin.get("jobs").get_json()["items"]]
    assert submitters[1] == {"id": member.id, "name": member.account.name}
    assert submitters[0]["name"] == "(removed)"
