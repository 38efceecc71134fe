"""How often one may ask. Counted in Redis for all web processes together; while it is away, in each one's memory."""

import ipaddress
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Response, request
from flask_limiter import Limiter
from limits import parse_many
from limits.errors import StorageError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from millrace.api.context import access
from millrace.api.errors import UPLOAD, seconds_until
from millrace.api.multipart import OVERHEAD_BYTES
from millrace.errors import ConfigurationError, MillraceError
from millrace.settings import Settings

if TYPE_CHECKING:
    from millrace.services import Services

MAX_BODY_BYTES = 512 * 1024
MAX_QUERY_BYTES = 16 * 1024
SIGN_IN_ENDPOINTS = ("auth.login", "auth.register")
UNLIMITED_BLUEPRINTS = frozenset({"health", None})
KEY_PREFIX = "{millrace}:limits"


class LengthRequired(HTTPException):
    """A body of unknown length can't be bounded before it is read."""

    code = 411


class QueryTooLong(HTTPException):
    """The query string is longer than any that makes sense."""

    code = 414


class PatientLimiter(Limiter):
    """A limiter that many requests may ask at once while Redis goes away: only the first of them is told so."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        try:
            super()._check_request_limit(callable_name, in_middleware)
        except StorageError:  # another request fell back to memory while this one still asked Redis
            self.context.seen_limits.clear()
            super()._check_request_limit(callable_name, in_middleware)


def bound_requests(app: Flask, services: "Services") -> None:
    """Bound how much is sent to `app`, and how often it is asked.

    Raises:
        ConfigurationError: A limit in the settings can't be read.
    """
    settings = services.settings
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.before_request(lambda: _check_length(settings))
    for limit in (settings.request_limit, settings.sign_in_limit):
        _check_limit(limit)
    limiter = PatientLimiter(
        key_func=_who,
        application_limits=[settings.request_limit],
        strategy="fixed-window",
        storage_uri="redis://",  # the scheme alone counts: the connections are those that the services made
        storage_options=cast(
            dict[str, Any], {"connection_pool": services.redis.connection_pool, "wrap_exceptions": True}
        ),
        in_memory_fallback_enabled=True,
        key_prefix=KEY_PREFIX,
    )
    # What isn't limited doesn't look whether Redis is back either, which may take seconds.
    limiter.request_filter(lambda: request.blueprint in UNLIMITED_BLUEPRINTS)
    limiter.init_app(app)
    sign_in_limit = limiter.shared_limit(settings.sign_in_limit, scope="sign_in", key_func=_address)
    for endpoint in SIGN_IN_ENDPOINTS:
        app.view_functions[endpoint] = cast(Callable[..., Response], sign_in_limit(app.view_functions[endpoint]))
    app.after_request(lambda response: _tell_limits(response, limiter))


def _check_limit(limit: str) -> None:
    try:
        parse_many(limit)
    except ValueError as error:
        raise ConfigurationError(f"{limit!r} isn't a limit: write one such as '10 per minute'") from error


def _check_length(settings: Settings) -> None:
    if len(request.query_string) > MAX_QUERY_BYTES:
        raise QueryTooLong
    if request.endpoint == UPLOAD:
        request.max_content_length = settings.max_upload_bytes + OVERHEAD_BYTES
    if request.content_length is None:
        if request.headers.get("Transfer-Encoding") and not request.environ.get("wsgi.input_terminated"):
            raise LengthRequired
    elif request.max_content_length is not None and request.content_length > request.max_content_length:
        raise RequestEntityTooLarge


def _who() -> str:
    """The account that asks; the address where nobody is signed in."""
    try:
        return access().enter_by_header(request.headers.get("Authorization")).account.id
    except MillraceError:  # whatever is wrong, the route tells; here it is counted
        return _address()


def _address() -> str:
    """Where the request comes from; of IPv6 the part that one household has."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return request.remote_addr or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


def _tell_limits(response: Response, limiter: Limiter) -> Response:
    limit = limiter.current_limit
    if limit is None:
        return response
    try:
        reset_seconds, remaining = seconds_until(limit.reset_at), max(0, limit.remaining)
    except StorageError:  # Redis went away within this request; the next one is counted in memory
        return response
    response.headers["RateLimit-Limit"] = str(limit.limit.amount)
    response.headers["RateLimit-Remaining"] = str(remaining)
    response.headers["RateLimit-Reset"] = str(reset_seconds)
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = str(reset_seconds)
    return response
