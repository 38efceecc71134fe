"""Queues: how they stand, and what holds them back."""

from http import HTTPStatus
from typing import Any

from flask import Response

from millrace.accounts.account import Account
from millrace.api.context import services
from millrace.api.resource import Resource, answer, signed_in
from millrace.api.schemas.queues import LimitChangeSchema, QueueListSchema, QueueSchema
from millrace.clock import to_rfc3339
from millrace.jobs.priority import Priority
from millrace.queues.limits import LimitChange, Queue, QueueCounts

blueprint = Resource("queues", __name__, url_prefix="/api/v1/queues", description="Named lines for work")


@blueprint.route("")
@signed_in
@blueprint.response(HTTPStatus.OK, QueueListSchema)
def list_queues(account: Account) -> Response:
    """List every queue with its limits and how many wait"""
    del account
    return answer({"items": [queue_as_json(queue) for queue in services().queues.list()]})


@blueprint.route("/<name>", methods=["PATCH"])
@signed_in
@blueprint.arguments(LimitChangeSchema)
@blueprint.refuses(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, QueueSchema)
def change_queue(account: Account, body: LimitChange, name: str) -> Response:
    """Pause or resume a queue, set or lift its limits"""
    return answer(queue_as_json(services().queues.change(name, body, account)))


def queue_as_json(queue: Queue) -> dict[str, Any]:
    """A queue as JSON."""
    limits, counts = queue.limits, queue.counts
    return {
        "name": queue.name,
        "paused": limits.paused,
        "concurrency": limits.concurrency,
        "rate": limits.rate,
        "period_seconds": None if limits.period is None else limits.period.total_seconds(),
        "waiting": None if counts is None else _waiting(counts),
        "started": None if counts is None else counts.started,
        "oldest_waiting_at": to_rfc3339(counts.oldest_at) if counts and counts.oldest_at else None,
        "version": limits.version,
    }


def _waiting(counts: QueueCounts) -> dict[str, int]:
    return {priority.word: counts.waiting[priority] for priority in Priority}
