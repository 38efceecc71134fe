"""The only place where an error becomes an HTTP status, and the only shape that errors have.

`{"error": {"code", "message", "fields"?, "request_id"}}`, whoever raised it: the domain, Flask, werkzeug, the limiter.
"""

import math
import time
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from flask import Flask, Response, request
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestedRangeNotSatisfiable

from millrace.api.request_id import request_id
from millrace.errors import (
    Conflict,
    Fields,
    MillraceError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Unavailable,
    ValidationFailed,
)

logger = structlog.get_logger(__name__)

UPLOAD = "files.upload_file"
"""The endpoint whose body may be large."""


class BadJson(MillraceError):
    """The body isn't JSON."""

    code = "bad_json"


class BadMultipart(MillraceError):
    """The body isn't a complete multipart form."""

    code = "bad_multipart"


class BadCursor(ValidationFailed):
    """This cursor isn't one of ours. Begin at the first page, without a cursor."""

    code = "bad_cursor"


STATUS_BY_CODE = {
    "bad_json": HTTPStatus.BAD_REQUEST,
    "bad_multipart": HTTPStatus.BAD_REQUEST,
    "bad_cursor": HTTPStatus.BAD_REQUEST,
    "file_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "storage_full": HTTPStatus.INSUFFICIENT_STORAGE,
}
STATUS_BY_CLASS: tuple[tuple[type[MillraceError], HTTPStatus], ...] = (
    (ValidationFailed, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotAuthenticated, HTTPStatus.UNAUTHORIZED),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
HTTP_ERRORS = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "The request can't be read."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This address doesn't take that method."),
    HTTPStatus.LENGTH_REQUIRED: ("length_required", "Send the body with a Content-Length, not in chunks."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("body_too_large", "The body is too large."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "unsupported_media_type",
        "Send the body as application/json, with that Content-Type.",
    ),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: ("bad_range", "The file has no such range."),
    HTTPStatus.TOO_MANY_REQUESTS: ("too_many_requests", "Too many requests. Wait a little, then try again."),
}
TOO_DEEP = ("body_too_deep", "The body is nested too deeply.")
INTERNAL = ("internal_error", "Something went wrong on the server. Its log tells more under this request id.")
RETRY_SOON_SECONDS = 2


def handle_errors(app: Flask) -> None:
    """Let every error of `app` be answered in our shape."""
    app.register_error_handler(MillraceError, _answer_own)
    app.register_error_handler(RateLimitExceeded, _answer_limited)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(RecursionError, _answer_too_deep)
    app.register_error_handler(Exception, _answer_unknown)


def status_of(error: MillraceError) -> HTTPStatus:
    """The status that `error` is answered with."""
    by_code = STATUS_BY_CODE.get(error.code)
    if by_code is not None:
        return by_code
    fitting = (status for kind, status in STATUS_BY_CLASS if isinstance(error, kind))
    return next(fitting, HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer_own(error: MillraceError) -> Response:
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return _answer_unknown(error)
    response = _shaped(status, error.code, error.message, error.fields)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_SOON_SECONDS)
        logger.warning(error.message, action="request_unavailable", code=error.code)
    return response


def _answer_http(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status < HTTPStatus.BAD_REQUEST:  # such as a redirect
        redirect = error.get_response()
        assert isinstance(redirect, Response)
        return redirect
    code, message = HTTP_ERRORS.get(status, (status.name.lower(), f"{status.phrase}."))
    fields: Fields = {}
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and request.max_content_length:
        message = f"The body is too large: at most {request.max_content_length:,} bytes."
        if request.endpoint == UPLOAD:
            code, fields = "file_too_large", {"file": [message]}
    response = _shaped(status, code, message, fields)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    if isinstance(error, RequestedRangeNotSatisfiable):
        response.headers["Content-Range"] = f"{error.units} */{error.length}"
    return response


def _answer_limited(error: RateLimitExceeded) -> Response:
    code, message = HTTP_ERRORS[HTTPStatus.TOO_MANY_REQUESTS]
    response = _shaped(HTTPStatus.TOO_MANY_REQUESTS, code, message)
    response.headers["Retry-After"] = str(error.limit.limit.get_expiry())
    return response


def _answer_too_deep(error: RecursionError) -> Response:
    del error
    return _shaped(HTTPStatus.BAD_REQUEST, *TOO_DEEP)


def _answer_unknown(error: Exception) -> Response:
    logger.error("request failed", action="request_failed", exc_info=error)
    return _shaped(HTTPStatus.INTERNAL_SERVER_ERROR, *INTERNAL)


def _shaped(status: HTTPStatus, code: str, message: str, fields: Fields | None = None) -> Response:
    details: dict[str, Any] = {"code": code, "message": message}
    if fields:
        details["fields"] = {path: list(messages) for path, messages in fields.items()}
    details["request_id"] = request_id()
    return Response(orjson.dumps({"error": details}), status, mimetype="application/json")


def seconds_until(moment: float) -> int:
    """Whole seconds from now until `moment` (seconds since the epoch), at least one."""
    return max(1, math.ceil(moment - time.time()))
