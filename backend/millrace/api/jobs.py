"""Jobs: submit, list, show, cancel, requeue, and what belongs to one."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Response

from millrace.accounts.account import Account
from millrace.api.context import services
from millrace.api.cursors import make_cursor, read_cursor
from millrace.api.resource import Resource, answer, signed_in
from millrace.api.schemas.files import ArtifactListSchema
from millrace.api.schemas.jobs import (
    AttemptListSchema,
    JobQuerySchema,
    JobSchema,
    JobSummaryListSchema,
    LogLineListSchema,
    NewJobSchema,
    PageQuerySchema,
)
from millrace.errors import ValidationFailed
from millrace.jobs import wire
from millrace.jobs.job import Job
from millrace.jobs.ports import JobFilter
from millrace.jobs.priority import Priority
from millrace.jobs.registry import UnknownJobType
from millrace.jobs.states import JobState
from millrace.jobs.submission import Submission
from millrace.jobs.visibility import may_govern

blueprint = Resource("jobs", __name__, url_prefix="/api/v1/jobs", description="Requests to run something")


class TypeUnknown(ValidationFailed):
    """There is no job type of this name."""

    code = UnknownJobType.code


@blueprint.route("", methods=["POST"])
@signed_in
@blueprint.arguments(NewJobSchema)
@blueprint.refuses(HTTPStatus.FORBIDDEN)
@blueprint.response(HTTPStatus.CREATED, JobSchema)
def submit_job(account: Account, body: Mapping[str, Any]) -> Response:
    """Submit a job"""
    try:
        job = services().jobs.submit(_submission(body), account)
    except UnknownJobType as error:  # nothing at this address is missing: a field of the body is wrong
        raise TypeUnknown(error.message, fields={"type": [error.message]}) from error
    return answer(_details(job, account), HTTPStatus.CREATED)


@blueprint.route("")
@signed_in
@blueprint.arguments(JobQuerySchema, location="query")
@blueprint.refuses(HTTPStatus.BAD_REQUEST)
@blueprint.response(HTTPStatus.OK, JobSummaryListSchema)
def list_jobs(account: Account, query: Mapping[str, Any]) -> Response:
    """List jobs, newest first"""
    limit, cursor = query["limit"], query.get("cursor")
    before = read_cursor("jobs", cursor)[0] if cursor else None
    found = services().reader.page(_filter(query), before, limit + 1, account)
    page = found[:limit]
    names = services().accounts.names_of(wire.accounts_in(page))
    next_cursor = make_cursor("jobs", page[-1].id) if len(found) > limit else None
    return answer({"items": wire.job_list(page, names), "next_cursor": next_cursor})


@blueprint.route("/<id:job_id>")
@signed_in
@blueprint.refuses(HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, JobSchema)
def show_job(account: Account, job_id: str) -> Response:
    """Show a job"""
    return answer(_details(services().reader.get(job_id, account), account))


@blueprint.route("/<id:job_id>/cancel", methods=["POST"])
@signed_in
@blueprint.refuses(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
@blueprint.response(HTTPStatus.OK, JobSchema)
def cancel_job(account: Account, job_id: str) -> Response:
    """Cancel a waiting job; ask a running one to stop"""
    return answer(_details(services().jobs.cancel(job_id, account), account))


@blueprint.route("/<id:job_id>/requeue", methods=["POST"])
@signed_in
@blueprint.refuses(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
@blueprint.response(HTTPStatus.OK, JobSchema)
def requeue_job(account: Account, job_id: str) -> Response:
    """Send a finished job again"""
    return answer(_details(services().jobs.requeue(job_id, account), account))


@blueprint.route("/<id:job_id>/attempts")
@signed_in
@blueprint.refuses(HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, AttemptListSchema)
def list_attempts(account: Account, job_id: str) -> Response:
    """List a job's runs that have ended, newest first"""
    return answer({"items": [wire.attempt(record) for record in services().reader.attempts(job_id, account)]})


@blueprint.route("/<id:job_id>/logs")
@signed_in
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.refuses(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, LogLineListSchema)
def list_log_lines(account: Account, query: Mapping[str, Any], job_id: str) -> Response:
    """List the lines of the current attempt's log, oldest first"""
    limit = query["limit"]
    after_seq = _after_seq(query.get("cursor"), services().reader.get(job_id, account))
    found = services().reader.logs(job_id, after_seq, limit + 1, account)
    page = found[:limit]
    next_cursor = make_cursor("logs", page[-1].attempt, page[-1].seq) if len(found) > limit else None
    return answer({"items": [wire.log_line(line) for line in page], "next_cursor": next_cursor})


@blueprint.route("/<id:job_id>/artifacts")
@signed_in
@blueprint.refuses(HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, ArtifactListSchema)
def list_artifacts(account: Account, job_id: str) -> Response:
    """List the files that the current attempt made; their bytes are at `files/{id}/content`"""
    return answer({"items": [wire.artifact(file) for file in services().reader.artifacts(job_id, account)]})


def _submission(body: Mapping[str, Any]) -> Submission:
    seconds = body.get("time_limit_seconds")
    return Submission(
        type=body["type"],
        payload=body["payload"],
        priority=Priority.of_word(body.get("priority", Priority.NORMAL.word)),
        run_at=body.get("run_at"),
        tags=tuple(body.get("tags", ())),
        max_attempts=body.get("max_attempts"),
        time_limit=None if seconds is None else timedelta(seconds=seconds),
    )


def _filter(query: Mapping[str, Any]) -> JobFilter:
    return JobFilter(
        states=tuple(query["state"]),
        types=tuple(query["type"]),
        queues=tuple(query["queue"]),
        priorities=tuple(Priority.of_word(word) for word in query["priority"]),
        submitter_ids=tuple(str(submitter_id) for submitter_id in query["submitter"]),
    )


def _after_seq(cursor: str | None, job: Job) -> int:
    """Where to go on in the log; at its beginning where another attempt has begun meanwhile."""
    if cursor is None:
        return 0
    attempt, seq = map(int, read_cursor("logs", cursor))
    return seq if attempt == job.attempt else 0


def _details(job: Job, account: Account) -> dict[str, Any]:
    reader = services().reader
    return wire.job_details(
        job,
        services().accounts.names_of(wire.accounts_in([job])),
        reader.payload(job),
        reader.result(job) if job.state is JobState.COMPLETED else None,
        may_govern=may_govern(account, job),
    )
