"""What every job type owes its users. A new file in `handlers/` is tested here before its author writes a test."""

import copy
import json
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from millrace.api.payload_schema import payload_schema
from millrace.discovery import build_registry
from millrace.errors import MillraceError
from millrace.jobs.handler import FileId, JobCancelled, JobHandler
from millrace.jobs.job import Payload
from millrace.jobs.validation import dump_payload, file_references, load_payload
from millrace.settings import Settings
from tests.handlers import pictures
from tests.handlers.context import NotedContext

REGISTRY = build_registry(Settings())
HEAVY = ("PIL",)
every_type = pytest.mark.parametrize("handler", list(REGISTRY), ids=lambda handler: handler.type)


def a_file_for(field: FileId) -> tuple[str, bytes]:
    """A small file that `field` accepts: its name and content."""
    if "image/jpeg" in field.accept:
        return "holiday.jpg", pictures.photo(400, 300)
    raise AssertionError(f"say here what a file of {field.accept} looks like")


def example_of(handler: JobHandler, context: NotedContext) -> Payload:
    """The type's example, loaded, with files that exist."""
    example: dict[str, Any] = copy.deepcopy(dict(handler.example))
    for reference in list(file_references(handler.payload_schema(), load_payload(handler, example))):
        *way, last = reference.path.split(".")[1:]
        place: Any = example
        for key in way:
            place = place[int(key) if isinstance(place, list) else key]
        place[int(last) if isinstance(place, list) else last] = context.put_file(*a_file_for(reference.field))
    return load_payload(handler, example)


def refusal_of(handler: JobHandler, payload: Mapping[str, Any]) -> MillraceError:
    with pytest.raises(MillraceError) as refusal:
        load_payload(handler, payload)
    return refusal.value


def untitled(schema: Mapping[str, Any], path: str) -> list[str]:
    """Properties without a title, through nested objects and lists."""
    found = []
    for name, inner in schema.get("properties", {}).items():
        if "title" not in inner:
            found.append(f"{path}.{name}")
        found += untitled(inner, f"{path}.{name}") + untitled(inner.get("items", {}), f"{path}.{name}[]")
    return found


def test_the_types_that_come_with_millrace_are_found() -> None:
    assert {"image", "sleep"} <= {handler.type for handler in REGISTRY}


def test_knowing_the_types_loads_no_heavy_library() -> None:
    program = (
        "import sys; from millrace.discovery import build_registry; from millrace.settings import Settings;"
        "build_registry(Settings()); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert [library for library in HEAVY if library in loaded] == []


@every_type
def test_its_words_are_fit_to_be_shown(handler: JobHandler) -> None:
    assert handler.title
    assert handler.description.endswith(".")
    assert handler.is_example == ("example" in handler.title)


@every_type
def test_its_schema_is_json_schema_and_fits_its_example(handler: JobHandler) -> None:
    schema = payload_schema(handler.payload_schema)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(handler.example)
    assert json.loads(json.dumps(schema)) == schema


@every_type
def test_every_field_of_its_form_has_a_title(handler: JobHandler) -> None:
    assert untitled(payload_schema(handler.payload_schema), "payload") == []


@every_type
def test_its_defaults_are_valid(handler: JobHandler) -> None:
    properties = payload_schema(handler.payload_schema)["properties"]
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    load_payload(handler, {**handler.example, **defaults})


@every_type
def test_its_example_survives_the_store(handler: JobHandler) -> None:
    loaded = load_payload(handler, handler.example)
    kept = json.loads(json.dumps(dump_payload(handler, loaded)))
    assert load_payload(handler, kept) == loaded


@every_type
def test_an_unknown_field_is_named(handler: JobHandler) -> None:
    assert "payload.surprise" in refusal_of(handler, {**handler.example, "surprise": 1}).fields


@every_type
def test_a_missing_field_is_named(handler: JobHandler) -> None:
    for name in payload_schema(handler.payload_schema).get("required", []):
        payload = {key: value for key, value in handler.example.items() if key != name}
        assert list(refusal_of(handler, payload).fields) == [f"payload.{name}"]


@every_type
@pytest.mark.parametrize("wrong", [{"a": 1}, None, "\ud800"], ids=["object", "null", "surrogate"])
def test_a_field_of_a_wrong_kind_is_named(handler: JobHandler, wrong: object) -> None:
    for name in payload_schema(handler.payload_schema)["properties"]:
        paths = list(refusal_of(handler, {**handler.example, name: wrong}).fields)
        assert paths
        assert all(path == f"payload.{name}" or path.startswith(f"payload.{name}.") for path in paths)


@every_type
def test_its_summary_is_one_line(handler: JobHandler, tmp_path: Path) -> None:
    payload = example_of(handler, NotedContext(tmp_path))
    names = {reference.file_id: "holiday.jpg" for reference in file_references(handler.payload_schema(), payload)}
    summary = handler.summarize(payload, names)
    assert 0 < len(summary) <= 140
    assert "\n" not in summary


@every_type
def test_its_example_runs_and_progress_only_rises(handler: JobHandler, tmp_path: Path) -> None:
    context = NotedContext(tmp_path)
    result = handler.run(example_of(handler, context), context)
    json.dumps(result, allow_nan=False)
    fractions = [fraction for fraction, _ in context.steps if fraction is not None]
    assert all(earlier <= later for earlier, later in pairwise(fractions))
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert all(message for _, message in context.steps)


@every_type
def test_a_cancel_is_honoured_at_every_checkpoint(handler: JobHandler, tmp_path: Path) -> None:
    whole = NotedContext(tmp_path / "whole")
    handler.run(example_of(handler, whole), whole)
    for number in {1, 2, whole.checkpoints // 2, whole.checkpoints} - {0}:
        context = NotedContext(tmp_path / str(number), cancel_at=number)
        payload = example_of(handler, context)
        with pytest.raises(JobCancelled):
            handler.run(payload, context)
        assert context.checkpoints == number
