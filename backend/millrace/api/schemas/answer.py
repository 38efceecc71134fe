"""What every answer has in common: each of its fields is always there; some may be null."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields


class AnswerSchema(Schema):
    """Describes an answer. Its JSON is made by the domain's `wire` modules; tests hold both together."""

    class Meta:
        unknown = EXCLUDE  # answers may gain fields; clients ignore those they don't know

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:  # type: ignore[type-arg]
        del field_name
        field_obj.required = True


class AccountNameSchema(AnswerSchema):
    """Whose something is, or who did it."""

    id = fields.UUID()
    name = fields.String()


def listed(schema: type[Schema]) -> fields.List[Any]:
    """A list of what `schema` describes."""
    return fields.List(fields.Nested(schema))


def moment(description: str = "", *, allow_none: bool = False) -> fields.DateTime:
    """A time: RFC 3339, UTC, `Z`, milliseconds."""
    metadata = {"description": description} if description else {}
    return fields.AwareDateTime(format="iso", allow_none=allow_none, metadata=metadata)


NEXT_CURSOR = "Where the next page begins; null on the last one."
