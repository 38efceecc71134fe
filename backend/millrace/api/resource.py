"""How a resource is written: a flask-smorest blueprint whose arguments and errors are ours.

    @blueprint.route("/things/<thing_id>")
    @signed_in
    @blueprint.arguments(ThingQuerySchema, location="query")
    @blueprint.response(200, ThingSchema)
    def show_thing(account: Account, query: Mapping[str, Any], thing_id: str) -> Response: ...

A view gives a finished `Response` (`answer`); the schemas load what comes in and document what goes out.
"""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, NoReturn, ParamSpec

import flask
import marshmallow
import orjson
from flask import Response, request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from millrace.accounts.account import Account
from millrace.api.context import access
from millrace.api.errors import BadJson
from millrace.errors import ValidationFailed
from millrace.jobs.validation import flatten

JSON = "application/json"
BEARER = "bearer"

P = ParamSpec("P")


def answer(content: object, status: int = HTTPStatus.OK) -> Response:
    """`content` as JSON."""
    try:
        body = orjson.dumps(content)
    except TypeError:  # a handler's result may hold integers past 64 bits, or broken Unicode
        body = json.dumps(content).encode()
    return Response(body, status, mimetype=JSON)


def signed_in(view: Callable[Concatenate[Account, P], Response]) -> Callable[P, Response]:
    """Let only those in who are signed in; the view gets their account first. Stands above `arguments`."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        entry = access().enter_by_header(request.headers.get("Authorization"))
        return view(entry.account, *args, **kwargs)

    docs = _with_refusals(view, (HTTPStatus.UNAUTHORIZED,))
    docs.setdefault("manual_doc", {})["security"] = [{BEARER: []}]
    wrapper._apidoc = docs  # type: ignore[attr-defined]
    return wrapper


class Parser(FlaskParser):
    """Reads arguments; what doesn't fit is a `ValidationFailed` like any other, unknown names included."""

    DEFAULT_UNKNOWN_BY_LOCATION: Mapping[str, str | None] = {}  # type: ignore[assignment]

    def load_json(self, req: flask.Request, schema: marshmallow.Schema) -> Any:
        del schema
        if req.mimetype != JSON:
            raise UnsupportedMediaType
        try:
            body = orjson.loads(req.get_data())
        except orjson.JSONDecodeError as error:
            raise BadJson(f"The body isn't JSON: {error}.") from error
        if not isinstance(body, dict):
            raise BadJson("The body must be a JSON object.")
        return body

    def handle_error(self, error: marshmallow.ValidationError, *args: Any, **kwargs: Any) -> NoReturn:
        del args, kwargs
        messages = error.messages
        assert isinstance(messages, dict)  # webargs puts them under the name of their location
        found = [flatten(inner) for inner in messages.values()]
        raise ValidationFailed(fields={path: texts for fields in found for path, texts in fields.items()})


class Resource(Blueprint):
    """One resource's routes."""

    ARGUMENTS_PARSER = Parser()

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **options: Any
    ) -> None:
        docs = view_func._apidoc = deepcopy(getattr(view_func, "_apidoc", {}))
        docs.setdefault("manual_doc", {})["operationId"] = _camel_case(view_func.__name__)
        super().add_url_rule(rule, endpoint, view_func, *args, **options)

    @staticmethod
    def refuses(*statuses: HTTPStatus) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
        """Document with which statuses a view may refuse, besides 401 and 422."""

        def decorator(view: Callable[P, Response]) -> Callable[P, Response]:
            @wraps(view)
            def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
                return view(*args, **kwargs)

            wrapper._apidoc = _with_refusals(view, statuses)  # type: ignore[attr-defined]
            return wrapper

        return decorator


def _with_refusals(view: object, statuses: tuple[HTTPStatus, ...]) -> dict[str, Any]:
    docs: dict[str, Any] = deepcopy(getattr(view, "_apidoc", {}))
    responses = docs.setdefault("response", {}).setdefault("responses", {})
    for status in statuses:
        responses.setdefault(int(status), []).append(status.name)
    return docs


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
