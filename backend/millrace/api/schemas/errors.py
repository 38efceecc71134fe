"""The one shape of every error."""

from marshmallow import Schema, fields

from millrace.api.schemas.answer import AnswerSchema


class ErrorDetailsSchema(Schema):
    """What went wrong, for programs (`code`) and for people (`message`)."""

    code = fields.String(required=True, metadata={"description": "Stable; programs may rely on it."})
    message = fields.String(required=True, metadata={"description": "A sentence that says what to change."})
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        data_key="fields",
        metadata={"description": "Messages by dotted path into what was sent, such as `payload.sizes.0.width`."},
    )
    request_id = fields.String(
        required=True, metadata={"description": "The same as in the `X-Request-ID` header and in the logs."}
    )


class ErrorSchema(AnswerSchema):
    """Every error has this shape."""

    error = fields.Nested(ErrorDetailsSchema)
