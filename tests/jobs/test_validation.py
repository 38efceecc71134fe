"""What a payload may hold, and how its problems are told."""

import pytest
from marshmallow import Schema, fields, validate

from millrace.errors import MillraceError
from millrace.jobs.handler import FileId, JobContext, JobHandler, JobResult, Payload
from millrace.jobs.validation import (
    PayloadInvalid,
    check_text,
    dump_payload,
    file_references,
    flatten,
    is_storable,
    load_payload,
)


class SizeSchema(Schema):
    width = fields.Integer(required=True, validate=validate.Range(1, 100))
    mask = FileId(accept=("image/png",))


class PictureSchema(Schema):
    source = FileId(required=True)
    extras = fields.List(FileId())
    sizes = fields.List(fields.Nested(SizeSchema), load_default=list)
    quality = fields.Integer(load_default=80)


class Picture(JobHandler):
    type = "picture"
    title = "Picture"
    payload_schema = PictureSchema
    example = {"source": "1"}  # noqa: RUF012 - a constant, as every job type writes it

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        raise AssertionError


def problems_of(payload: dict[str, object]) -> dict[str, list[str]]:
    with pytest.raises(PayloadInvalid) as caught:
        load_payload(Picture(), payload)
    return {path: list(messages) for path, messages in caught.value.fields.items()}


def test_defaults_are_filled_in_and_survive_the_way_through_the_store() -> None:
    loaded = load_payload(Picture(), {"source": "a"})

    assert loaded == {"source": "a", "sizes": [], "quality": 80}
    assert load_payload(Picture(), dump_payload(Picture(), loaded)) == loaded


def test_each_problem_is_told_at_the_path_of_its_field() -> None:
    assert set(problems_of({"sizes": [{"width": 5}, {"width": 1000}, {}], "colour": "red"})) == {
        "payload.source",
        "payload.sizes.1.width",
        "payload.sizes.2.width",
        "payload.colour",
    }


@pytest.mark.parametrize("text", ["a\x00b", "half \ud800", "\udfff"])
def test_text_that_no_database_holds_is_refused_wherever_it_stands(text: str) -> None:
    assert not is_storable(text)
    assert set(problems_of({"source": text})) == {"payload.source"}
    assert set(problems_of({"source": "a", "sizes": [{"width": 1, text: 2}]})) == {"payload.sizes.0"}


def test_text_of_every_language_is_taken() -> None:
    check_text({"naïve": ["日本語", "עברית", "🌊", "\t\n"]}, "payload")


def test_nesting_has_a_bound() -> None:
    deep: object = 1
    for _ in range(200):
        deep = [deep]
    with pytest.raises(PayloadInvalid):
        check_text(deep, "payload")


def test_every_file_that_a_payload_names_is_found_with_its_path_and_field() -> None:
    payload = {"source": "a", "extras": ["b", "c"], "sizes": [{"width": 1}, {"width": 2, "mask": "d"}]}
    found = list(file_references(PictureSchema(), payload))

    assert {reference.path: reference.file_id for reference in found} == {
        "payload.source": "a",
        "payload.extras.0": "b",
        "payload.extras.1": "c",
        "payload.sizes.1.mask": "d",
    }
    assert [reference.field.accept for reference in found if reference.file_id == "d"] == [("image/png",)]


def test_messages_about_a_whole_object_stand_at_its_own_path() -> None:
    assert flatten({"sizes": {0: {"_schema": ["Give a width or a height."]}}}, "payload") == {
        "payload.sizes.0": ["Give a width or a height."]
    }


def test_every_error_has_a_code_and_a_sentence() -> None:
    def family(error: type[MillraceError]) -> set[type[MillraceError]]:
        return {error}.union(*(family(child) for child in error.__subclasses__()))

    for error in family(MillraceError):
        assert error.code.replace("_", "").isalpha(), error
        assert (error.__doc__ or "").strip().splitlines()[0].endswith("."), error
