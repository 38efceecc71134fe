"""The contract as an OpenAPI document. The frontend's types are generated from it, so it says exactly what is answered.

Made without a database, a Redis or a setting: it depends on the routes and schemas alone.
"""

import json
from typing import Any

from flask import Flask
from flask_smorest import Api
from werkzeug.routing import UnicodeConverter

from millrace import __version__
from millrace.api import auth, files, health, job_types, jobs, queues, workers
from millrace.api.payload_schema import OPENAPI_VERSION
from millrace.api.resource import BEARER
from millrace.api.schemas.errors import ErrorSchema
from millrace.api.schemas.events import ProgressEventSchema, RefetchEventSchema

DESCRIPTION = """\
Everything a person can do in the browser, for programs.

Sign in with `POST /api/v1/auth/login` and send the access token with every other call: `Authorization: Bearer …`.
Errors have one shape, `Error`. Lists answer `items` and `next_cursor`. Times are RFC 3339 in UTC, durations seconds.

Live updates come over Socket.IO at `/socket.io` (WebSocket only; the access token in `auth.token`): `jobs` carries a
list of `JobSummary`, `progress` a list of `ProgressEvent`, `log` a list of `LogLine`, `refetch` a `RefetchEvent`.
"""
RESOURCES = (auth, job_types, files, jobs, queues, workers, health)


class IdConverter(UnicodeConverter):
    """An id in a path. Any text is taken: what isn't an id is an id of nothing."""


class ContractApi(Api):
    """flask-smorest, with our error shape documented, and errors left to `errors.py`."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        pass

    def _register_pagination_header(self) -> None:
        pass  # lists page by cursor


def add_resources(app: Flask) -> ContractApi:
    """Add every resource to `app`, and the document that describes them at `/api/v1/openapi.json`."""
    app.config.update(
        API_TITLE="Millrace",
        API_VERSION=__version__,
        OPENAPI_VERSION=OPENAPI_VERSION,
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={"info": {"description": DESCRIPTION}, "servers": [{"url": "/"}]},
    )
    app.url_map.converters["id"] = IdConverter
    api = ContractApi(app)
    api.register_converter(IdConverter, lambda _: {"type": "string", "format": "uuid"})
    api.spec.components.security_scheme(BEARER, {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for resource in RESOURCES:
        api.register_blueprint(resource.blueprint)
    for schema in (ProgressEventSchema, RefetchEventSchema):
        api.spec.components.schema(schema.__name__.removesuffix("Schema"), schema=schema)
    return api


def openapi_document() -> dict[str, Any]:
    """The document, as JSON."""
    document: dict[str, Any] = add_resources(Flask("millrace")).spec.to_dict()
    return document


def render() -> str:
    """The document as it is committed: the same text for the same contract."""
    return json.dumps(openapi_document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
