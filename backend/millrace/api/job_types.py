"""Job types: what can be run."""

from http import HTTPStatus
from typing import Any

from flask import Response

from millrace.accounts.account import Account
from millrace.api.context import services
from millrace.api.payload_schema import payload_schema
from millrace.api.resource import Resource, answer, signed_in
from millrace.api.schemas.job_types import JobTypeListSchema, JobTypeSchema
from millrace.jobs.handler import JobHandler

blueprint = Resource("job types", __name__, url_prefix="/api/v1/job-types", description="What can be run")


@blueprint.route("")
@signed_in
@blueprint.response(HTTPStatus.OK, JobTypeListSchema)
def list_job_types(account: Account) -> Response:
    """List every job type"""
    del account
    return answer({"items": [job_type(handler) for handler in services().registry]})


@blueprint.route("/<type>")
@signed_in
@blueprint.refuses(HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, JobTypeSchema)
def show_job_type(account: Account, type: str) -> Response:
    """Show a job type with the JSON Schema of its payload"""
    del account
    return answer(job_type(services().registry.get(type)))


def job_type(handler: JobHandler) -> dict[str, Any]:
    """A job type as JSON."""
    return {
        "type": handler.type,
        "title": handler.title,
        "description": handler.description,
        "queue": handler.queue,
        "max_attempts": handler.retry.max_attempts,
        "time_limit_seconds": handler.time_limit.total_seconds(),
        "is_example": handler.is_example,
        "payload_schema": payload_schema(handler.payload_schema),
        "example": handler.example,
    }
