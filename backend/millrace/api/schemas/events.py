"""What Socket.IO carries. `jobs` is a list of `JobSummary`, `log` a list of `LogLine`; the rest is here."""

from marshmallow import fields, validate

from millrace.api.schemas.answer import AnswerSchema


class ProgressEventSchema(AnswerSchema):
    """How far a running attempt is. Of two, the one with the greater `(attempt, seq)` is newer."""

    job_id = fields.UUID()
    attempt = fields.Integer()
    seq = fields.Integer()
    fraction = fields.Float(allow_none=True, validate=validate.Range(min=0, max=1))
    message = fields.String()


class RefetchEventSchema(AnswerSchema):
    """Something may have been missed: drop what is held and ask again."""

    reason = fields.String()
