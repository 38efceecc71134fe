"""The committed contract is the one that the routes have, and answers conform to it exactly."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from marshmallow import RAISE, Schema

import millrace
from millrace.accounts.wire import user
from millrace.api.openapi import openapi_document, render
from millrace.api.schemas import auth, events, files, health, job_types
from millrace.api.schemas import jobs as job_schemas
from millrace.api.schemas import queues as queue_schemas
from millrace.api.schemas import workers as worker_schemas
from millrace.jobs import wire
from millrace.jobs.job import Progress
from millrace.jobs.states import JobState
from millrace.queues.worker import ProcessBeat
from millrace.services import Services
from tests.api.callers import Caller
from tests.factories import JobsInStates, a_new_worker, an_id

COMMITTED = Path(millrace.__file__).parents[1] / "openapi.json"
COMPONENTS = {
    *("User", "AuthAnswer", "Setup", "JobType", "JobTypeList", "File", "Job", "JobSummary", "JobSummaryList"),
    *("Attempt", "AttemptList", "LogLine", "LogLineList", "Artifact", "ArtifactList", "NewJob"),
    *("Queue", "QueueList", "LimitChange", "Worker", "WorkerList"),
    *("ProgressEvent", "RefetchEvent", "Error"),
}


def conforms(schema: type[Schema], content: Any) -> None:
    """Every field is there, none is unknown, and each has its type."""
    assert schema(unknown=RAISE).validate(content) == {}


def test_the_committed_document_is_current() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == render(), "run: millrace manage openapi"


def test_the_document_is_served(stranger: Caller) -> None:
    assert stranger.get("openapi.json").get_json() == json.loads(render())


def test_the_document_has_every_component_that_is_promised() -> None:
    assert openapi_document()["components"]["schemas"].keys() >= COMPONENTS


def test_every_answer_field_is_required_and_every_operation_named_once() -> None:
    document = openapi_document()
    asked = {"NewJob", "LimitChange", "Registration", "Credentials", "ErrorDetails"}
    for name, schema in document["components"]["schemas"].items():
        if name not in asked:
            assert sorted(schema["properties"]) == schema["required"], name
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations if isinstance(operation, dict)]
    assert len(names) == len(set(names))
    assert all("default" in operation["responses"] for operation in operations if isinstance(operation, dict))


def test_only_a_few_operations_need_no_token() -> None:
    document = openapi_document()
    public = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "security" not in operation
    }
    signing_in = {"showSetup", "register", "login", "refresh", "logout"}
    assert public == signing_in | {"showLiveness", "showReadiness", "showHealth"}


@pytest.mark.parametrize("state", list(JobState), ids=str)
def test_jobs_in_every_state_conform(member: Caller, jobs: JobsInStates, state: JobState) -> None:
    job = jobs.in_state(state, submitter_id=member.id)
    conforms(job_schemas.JobSchema, member.get(f"jobs/{job.id}").get_json())
    conforms(job_schemas.JobSummaryListSchema, member.get("jobs").get_json())
    conforms(job_schemas.AttemptListSchema, member.get(f"jobs/{job.id}/attempts").get_json())
    conforms(job_schemas.LogLineListSchema, member.get(f"jobs/{job.id}/logs").get_json())


def test_progress_conforms(member: Caller, jobs: JobsInStates, services: Services) -> None:
    job = jobs.in_state(JobState.RUNNING, submitter_id=member.id)
    progress = Progress(job.id, member.id, job.attempt, 3, None, "half way")
    services.jobs.report_progress(progress, store=True)
    conforms(events.ProgressEventSchema, wire.progress_event(progress))
    body = member.get(f"jobs/{job.id}").get_json()
    conforms(job_schemas.JobSchema, body)
    assert body["progress"] == {"attempt": 1, "seq": 3, "fraction": None, "message": "half way"}


def test_files_and_artifacts_conform(member: Caller, jobs: JobsInStates, services: Services) -> None:
    uploaded = member.post("files", data={"file": (io.BytesIO(b"words"), "a.txt")}).get_json()
    conforms(files.FileSchema, uploaded)
    job = jobs.in_state(JobState.RUNNING, submitter_id=member.id)
    services.files.save_artifact(job, "result.txt", b"done")
    conforms(files.ArtifactListSchema, member.get(f"jobs/{job.id}/artifacts").get_json())


def test_a_cancelled_job_conforms(member: Caller, jobs: JobsInStates) -> None:
    job = jobs.in_state(JobState.QUEUED, submitter_id=member.id)
    conforms(job_schemas.JobSchema, member.post(f"jobs/{job.id}/cancel").get_json())


def test_workers_conform(admin: Caller, member: Caller, services: Services) -> None:
    services.workers.register(a_new_worker(id="w1"))
    services.workers.add_process("w1", "w1.1", 42)
    services.workers.beat("w1", 500, [ProcessBeat("w1.1", [f"{an_id()}:2"], 1, 1000)])
    conforms(worker_schemas.WorkerSchema, admin.post("workers/w1/quiet").get_json())
    conforms(worker_schemas.WorkerListSchema, admin.get("workers").get_json())
    conforms(worker_schemas.WorkerListSchema, member.get("workers").get_json())


def test_the_rest_conforms(member: Caller, stranger: Caller) -> None:
    assert member.account is not None
    conforms(auth.UserSchema, user(member.account))
    conforms(auth.SetupSchema, stranger.get("auth/setup").get_json())
    registration = {"email": an_id() + "@example.org", "password": "correct horse", "name": "N"}
    conforms(auth.AuthAnswerSchema, stranger.post("auth/register", registration).get_json())
    conforms(job_types.JobTypeListSchema, member.get("job-types").get_json())
    conforms(queue_schemas.QueueListSchema, member.get("queues").get_json())
    conforms(health.LivenessSchema, stranger.get("/health/live").get_json())
    conforms(health.HealthSchema, stranger.get("/health").get_json())
