"""Workers: what they are, how they are, and what they were asked."""

from typing import get_args

from marshmallow import fields, validate

from millrace.api.schemas.answer import AccountNameSchema, AnswerSchema, listed, moment
from millrace.queues.worker import LOST_AFTER_SECONDS, WorkerState

STATE = (
    "`running`: takes jobs. `quiet`: was asked to take nothing more. `stopping`: was asked to end. "
    f"`silent`: wasn't heard for more than {LOST_AFTER_SECONDS:g} s, so that its jobs are taken from it."
)
SILENT = "How long ago it was heard."


class HeldJobSchema(AnswerSchema):
    """A job that a process holds, and which of its attempts."""

    id = fields.UUID()
    attempt = fields.Integer()


class WorkerProcessSchema(AnswerSchema):
    """A process of a worker."""

    id = fields.String()
    pid = fields.Integer()
    started_at = moment()
    silent_for_seconds = fields.Float(metadata={"description": SILENT})
    busy = fields.Integer(metadata={"description": "How many jobs it runs."})
    memory_bytes = fields.Integer(metadata={"description": "What it uses by itself."})
    jobs = fields.List(
        fields.Nested(HeldJobSchema),
        allow_none=True,
        metadata={"description": "What it runs, as far as it says; null for whoever sees only their own jobs."},
    )


class WorkerSchema(AnswerSchema):
    """A worker as it was last heard: a supervisor on some host, and its processes."""

    id = fields.String()
    host = fields.String()
    pid = fields.Integer(metadata={"description": "Of its supervisor."})
    version = fields.String(metadata={"description": "Of Millrace."})
    python = fields.String(metadata={"description": "The version of Python."})
    state = fields.String(validate=validate.OneOf(get_args(WorkerState)), metadata={"description": STATE})
    queues = fields.List(fields.String(), metadata={"description": "Those that it serves."})
    threads = fields.Integer(metadata={"description": "How many jobs each process runs at once."})
    started_at = moment()
    silent_for_seconds = fields.Float(metadata={"description": SILENT})
    busy = fields.Integer(metadata={"description": "How many jobs its processes run."})
    capacity = fields.Integer(
        metadata={"description": "How many jobs it runs at once when all of its processes are there."}
    )
    memory_bytes = fields.Integer(metadata={"description": "What its supervisor and its processes use."})
    quiet_requested_at = moment(allow_none=True)
    quiet_requested_by = fields.Nested(AccountNameSchema, allow_none=True)
    stop_requested_at = moment(allow_none=True)
    stop_requested_by = fields.Nested(AccountNameSchema, allow_none=True)
    processes = listed(WorkerProcessSchema)


class WorkerListSchema(AnswerSchema):
    """Every worker, the longest running first."""

    items = listed(WorkerSchema)
