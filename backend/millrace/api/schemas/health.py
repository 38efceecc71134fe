"""How the server is."""

from marshmallow import fields, validate

from millrace.api.schemas.answer import AnswerSchema


class LivenessSchema(AnswerSchema):
    """The process answers."""

    status = fields.String(validate=validate.OneOf(("ok",)))


class HealthSchema(AnswerSchema):
    """What the server needs, and whether it is there."""

    status = fields.String(validate=validate.OneOf(("ok", "degraded", "down")))
    database = fields.String(validate=validate.OneOf(("ok", "away")))
    redis = fields.String(validate=validate.OneOf(("ok", "away")))
    message = fields.String(metadata={"description": "What works and what doesn't, in a sentence."})
    version = fields.String()
