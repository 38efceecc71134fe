"""Checks what a stranger sends before anything is made of it: text, depth, and the schema of the job type."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields
from marshmallow import ValidationError as SchemaError

from millrace.errors import Fields, ValidationFailed
from millrace.jobs.handler import FileId, JobHandler
from millrace.jobs.job import Payload

MAX_DEPTH = 20
ROOT = "payload"


class PayloadInvalid(ValidationFailed):
    """The payload doesn't fit its job type."""

    code = "payload_invalid"


@dataclass(frozen=True, slots=True)
class FileReference:
    """An uploaded file that a payload names, and where it does so."""

    path: str
    file_id: str
    field: FileId


def load_payload(handler: JobHandler, payload: Mapping[str, Any]) -> Payload:
    """Validate `payload` with the type's schema and fill in its defaults.

    Raises:
        PayloadInvalid: With messages by dotted path.
    """
    check_text(payload, ROOT)
    try:
        loaded: Payload = handler.payload_schema().load(payload)
    except SchemaError as error:
        raise PayloadInvalid(fields=flatten(error.messages, ROOT)) from error
    return loaded


def dump_payload(handler: JobHandler, loaded: Payload) -> Payload:
    """The loaded payload as JSON, such as the store keeps it."""
    dumped: Payload = handler.payload_schema().dump(loaded)
    return dumped


def check_text(value: object, path: str, depth: int = 0) -> None:
    """Refuse text that no database holds (NUL, lone surrogates) and nesting past `MAX_DEPTH`.

    Raises:
        PayloadInvalid: Naming the field.
    """
    if depth > MAX_DEPTH:
        raise PayloadInvalid(fields={path: [f"Is nested deeper than {MAX_DEPTH} levels."]})
    if isinstance(value, str):
        if not is_storable(value):
            raise PayloadInvalid(fields={path: ["Contains a NUL or a broken Unicode character."]})
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_text(key, path, depth + 1)
            check_text(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, Sequence):
        for index, item in enumerate(value):
            check_text(item, f"{path}.{index}", depth + 1)


def is_storable(text: str) -> bool:
    """Whether every supported database can hold `text`."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def flatten(messages: object, path: str = "") -> Fields:
    """Marshmallow's nested messages by dotted path. `_schema` messages belong to the object that they are about."""
    flat: dict[str, list[str]] = {}
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            inner_path = path if key == "_schema" else f"{path}.{key}" if path else str(key)
            for inner_key, found in flatten(inner, inner_path).items():
                flat.setdefault(inner_key, []).extend(found)
    elif isinstance(messages, Sequence) and not isinstance(messages, str):
        flat.setdefault(path, []).extend(str(message) for message in messages)
    else:
        flat.setdefault(path, []).append(str(messages))
    return flat


def file_references(schema: Schema, payload: Payload, path: str = ROOT) -> Iterator[FileReference]:
    """Every `FileId` that `payload` fills in, through nested objects and lists."""
    for name, field in schema.fields.items():
        if payload.get(name) is not None:
            yield from _references_in(field, payload[name], f"{path}.{name}")


def _references_in(field: fields.Field[Any], value: Any, path: str) -> Iterator[FileReference]:
    if isinstance(field, FileId):
        yield FileReference(path, value, field)
    elif isinstance(field, fields.List):
        for index, item in enumerate(value):
            yield from _references_in(field.inner, item, f"{path}.{index}")
    elif isinstance(field, fields.Nested):
        items = enumerate(value) if field.many else [(None, value)]
        for position, item in items:
            yield from file_references(field.schema, item, path if position is None else f"{path}.{position}")
