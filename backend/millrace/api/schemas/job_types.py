"""Job types: what can be run, and the form that each of them needs."""

from marshmallow import fields

from millrace.api.schemas.answer import AnswerSchema, listed


class JobTypeSchema(AnswerSchema):
    """A job type."""

    type = fields.String()
    title = fields.String()
    description = fields.String()
    queue = fields.String()
    max_attempts = fields.Integer()
    time_limit_seconds = fields.Float()
    is_example = fields.Boolean(metadata={"description": "Whether it only shows how Millrace works."})
    payload_schema = fields.Dict(
        keys=fields.String(),
        metadata={
            "description": "JSON Schema (2020-12) of the payload, without references. Our own keywords: "
            "`format: file-id` with `x-accept` and `x-max-bytes` for uploads, `x-order` for the order of properties, "
            "`x-enum-titles` for labels."
        },
    )
    example = fields.Dict(keys=fields.String(), metadata={"description": "A payload that shows the form of one."})


class JobTypeListSchema(AnswerSchema):
    """Every job type."""

    items = listed(JobTypeSchema)
