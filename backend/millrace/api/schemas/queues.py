"""Queues: how they stand, and what holds them back."""

from typing import Any

from marshmallow import Schema, fields

from millrace.api.schemas.answer import AnswerSchema, listed, moment
from millrace.queues.limits import BOUNDS

UNKNOWN = "null while the broker doesn't answer."


class WaitingCountsSchema(AnswerSchema):
    """How many jobs wait on each level."""

    critical = fields.Integer()
    high = fields.Integer()
    normal = fields.Integer()
    low = fields.Integer()


class QueueSchema(AnswerSchema):
    """A queue. Of two, the one with the greater `version` has the newer limits."""

    name = fields.String()
    paused = fields.Boolean(metadata={"description": "Whether nothing starts."})
    concurrency = fields.Integer(
        allow_none=True, metadata={"description": "How many run at once; null: as many as the workers can."}
    )
    rate = fields.Integer(
        allow_none=True, metadata={"description": "How many start in any `period_seconds`; null: as many as can."}
    )
    period_seconds = fields.Float(allow_none=True)
    waiting = fields.Nested(WaitingCountsSchema, allow_none=True, metadata={"description": UNKNOWN})
    started = fields.Integer(allow_none=True, metadata={"description": UNKNOWN})
    oldest_waiting_at = moment("Since when the first waits; null where none does.", allow_none=True)
    version = fields.Integer()


class QueueListSchema(AnswerSchema):
    """Every queue, by name."""

    items = listed(QueueSchema)


def _within_bounds(name: str, **metadata: Any) -> dict[str, Any]:
    # Queues check bounds themselves, so that one error tells of whatever doesn't fit; here they are documented.
    least, most = BOUNDS[name]
    return metadata | {"minimum": least, "maximum": most}


class LimitChangeSchema(Schema):
    """What shall be other than it is. What is left out stays, null lifts a limit."""

    paused = fields.Boolean(truthy={True}, falsy={False})
    concurrency = fields.Integer(strict=True, allow_none=True, metadata=_within_bounds("concurrency"))
    rate = fields.Integer(
        strict=True,
        allow_none=True,
        metadata=_within_bounds("rate", description="Comes with its period. null lifts both."),
    )
    period_seconds = fields.Float(allow_none=True, metadata=_within_bounds("period_seconds"))
