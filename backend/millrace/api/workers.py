"""Workers: who runs jobs and how they are, and asking one to take nothing more or to end."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Response

from millrace.accounts.account import Account
from millrace.accounts.wire import account_name
from millrace.api.context import services
from millrace.api.resource import Resource, answer, signed_in
from millrace.api.schemas.workers import WorkerListSchema, WorkerSchema
from millrace.clock import to_rfc3339
from millrace.jobs.job import Delivery
from millrace.jobs.visibility import EVERYTHING, visible_to
from millrace.queues.worker import Order, ProcessView, WorkerView

blueprint = Resource("workers", __name__, url_prefix="/api/v1/workers", description="Who runs jobs")


@blueprint.route("")
@signed_in
@blueprint.response(HTTPStatus.OK, WorkerListSchema)
def list_workers(account: Account) -> Response:
    """List every worker with its processes"""
    return answer({"items": _as_json(services().worker_service.list(), account)})


@blueprint.route("/<worker_id>/quiet", methods=["POST"])
@signed_in
@blueprint.refuses(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, WorkerSchema)
def quiet_worker(account: Account, worker_id: str) -> Response:
    """Let a worker finish what it runs and take nothing more, for good"""
    return _order(worker_id, Order.QUIET, account)


@blueprint.route("/<worker_id>/stop", methods=["POST"])
@signed_in
@blueprint.refuses(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, WorkerSchema)
def stop_worker(account: Account, worker_id: str) -> Response:
    """Let a worker end in order; whatever supervises it starts another"""
    return _order(worker_id, Order.STOP, account)


def _order(worker_id: str, order: Order, account: Account) -> Response:
    (worker,) = _as_json([services().worker_service.order(worker_id, order, account)], account)
    return answer(worker)


def _as_json(workers: Sequence[WorkerView], reader: Account) -> list[dict[str, Any]]:
    asking = ((worker.quiet_requested_by, worker.stop_requested_by) for worker in workers)
    names = services().accounts.names_of({account_id for pair in asking for account_id in pair if account_id})
    return [
        {
            "id": worker.id,
            "host": worker.host,
            "pid": worker.pid,
            "version": worker.version,
            "python": worker.python,
            "state": worker.state,
            "queues": list(worker.queues),
            "threads": worker.threads,
            "started_at": to_rfc3339(worker.started_at),
            "silent_for_seconds": worker.silent_for.total_seconds(),
            "busy": worker.busy,
            "capacity": worker.capacity,
            "memory_bytes": worker.memory_bytes_in_all,
            "quiet_requested_at": worker.quiet_requested_at and to_rfc3339(worker.quiet_requested_at),
            "quiet_requested_by": account_name(worker.quiet_requested_by, names),
            "stop_requested_at": worker.stop_requested_at and to_rfc3339(worker.stop_requested_at),
            "stop_requested_by": account_name(worker.stop_requested_by, names),
            "processes": [_process(process, reader) for process in worker.processes],
        }
        for worker in workers
    ]


def _process(process: ProcessView, reader: Account) -> dict[str, Any]:
    return {
        "id": process.id,
        "pid": process.pid,
        "started_at": to_rfc3339(process.started_at),
        "silent_for_seconds": process.silent_for.total_seconds(),
        "busy": process.busy,
        "memory_bytes": process.memory_bytes,
        "jobs": _jobs_in(process.held) if visible_to(reader) == EVERYTHING else None,
    }


def _jobs_in(held: Sequence[str]) -> list[dict[str, Any]]:
    deliveries = map(Delivery.parse, held)
    return [{"id": delivery.job_id, "attempt": delivery.attempt} for delivery in deliveries]
