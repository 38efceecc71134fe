"""The id that ties an answer, its error and its lines in the log together."""

import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,127}")

logger = structlog.get_logger(__name__)


def request_id() -> str:
    """The id of this request."""
    known: str = g.get("request_id") or _begin()
    return known


def tell_requests_apart(app: Flask) -> None:
    """Give each request of `app` an id, and write a line to the log when it is answered."""
    app.before_request(_begin_quietly)
    app.after_request(_end)


def _begin_quietly() -> None:
    _begin()


def _begin() -> str:
    given = request.headers.get(HEADER, "")
    g.request_id = given if _SANE.fullmatch(given) else str(uuid4())
    g.request_began = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    return str(g.request_id)


def _end(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    took = time.monotonic() - g.request_began
    logger.debug(
        f"{request.method} {request.path} {response.status_code}",
        action="request",
        status=response.status_code,
        took_seconds=round(took, 4),
    )
    return response
