"""A job type's payload as JSON Schema: what the form is drawn from. Self-contained, without references."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
OPENAPI_VERSION = "3.1.0"  # the first whose schemas are JSON Schema 2020-12


class _Converter(OpenAPIConverter):
    def schema2jsonschema(self, schema: Schema) -> dict[str, Any]:
        converted: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]
        converted["x-order"] = list(converted["properties"])
        converted["additionalProperties"] = False
        return converted


@lru_cache(maxsize=256)
def payload_schema(schema: type[Schema]) -> Mapping[str, Any]:
    """The JSON Schema (2020-12) of what `schema` loads."""
    spec = APISpec("payload", "1", OPENAPI_VERSION)
    converter = _Converter(OPENAPI_VERSION, schema_name_resolver=lambda _: "", spec=spec)
    return {"$schema": DIALECT, **converter.schema2jsonschema(schema())}
