"""How the server is: for probes and for people. No account is needed, and nothing secret is told."""

from http import HTTPStatus
from typing import Any

from flask import Response

from millrace import __version__
from millrace.api.context import services
from millrace.api.resource import Resource, answer
from millrace.api.schemas.health import HealthSchema, LivenessSchema

blueprint = Resource("health", __name__, url_prefix="/health", description="How the server is")

ALL_WELL = "Everything that is needed answers."
NO_REDIS = "Redis is away: jobs are accepted and kept, and start when it is back. Live updates pause meanwhile."
NO_DATABASE = "The database is away: nothing can be read or accepted until it is back."


@blueprint.route("/live")
@blueprint.response(HTTPStatus.OK, LivenessSchema)
def show_liveness() -> Response:
    """Tell that the process answers"""
    return answer({"status": "ok"})


@blueprint.route("/ready")
@blueprint.response(HTTPStatus.OK, HealthSchema)
@blueprint.alt_response(HTTPStatus.SERVICE_UNAVAILABLE, schema=HealthSchema)
def show_readiness() -> Response:
    """Tell whether all that the server needs is there; 503 where something is away"""
    content = _health()
    ready = content["status"] == "ok"
    return answer(content, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)


@blueprint.route("")
@blueprint.response(HTTPStatus.OK, HealthSchema)
def show_health() -> Response:
    """Tell how the server is"""
    return answer(_health())


def _health() -> dict[str, Any]:
    answers = {part.name: part.answers for part in services().dependencies()}
    if not answers["database"]:
        status, message = "down", NO_DATABASE
    elif not answers["redis"]:
        status, message = "degraded", NO_REDIS
    else:
        status, message = "ok", ALL_WELL
    return {
        "status": status,
        "database": "ok" if answers["database"] else "away",
        "redis": "ok" if answers["redis"] else "away",
        "message": message,
        "version": __version__,
    }
