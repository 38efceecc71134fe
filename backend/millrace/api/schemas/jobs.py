"""Jobs: what is asked for, and how they are shown."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from millrace.api.schemas.answer import NEXT_CURSOR, AccountNameSchema, AnswerSchema, listed, moment
from millrace.jobs.job import MAX_ERROR_LENGTH, MAX_SUMMARY_LENGTH
from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState
from millrace.jobs.submission import MAX_TAG_LENGTH, MAX_TAGS
from millrace.jobs.validation import is_storable

MOST_ATTEMPTS = 1000
LONGEST_SECONDS = 7 * 24 * 3600
MOST_LISTED = 100
MOST_ALTERNATIVES = 50
LONGEST_WORD = 100
LONGEST_CURSOR = 200
PRIORITIES = tuple(priority.word for priority in Priority)
OUTCOMES = ("completed", "failed", "retrying", "yielded", "lost", "cancelled")
LEVELS = ("debug", "info", "warning", "error")


def priority_word(**options: Any) -> fields.String:
    """A priority, by its word."""
    return fields.String(validate=validate.OneOf(PRIORITIES), **options)


class UtcMoment(fields.AwareDateTime):
    """A time with its offset from UTC, loaded as UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            return super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("Lies beyond all calendars.") from error


class NewJobSchema(Schema):
    """A job to submit. What is left out is decided by the job type."""

    type = fields.String(
        required=True, validate=validate.Length(min=1, max=LONGEST_WORD), metadata={"example": "sleep"}
    )
    payload = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "Described by the job type's `payload_schema`."},
    )
    priority = priority_word(metadata={"description": f"`{Priority.NORMAL.word}` where it is left out."})
    run_at = UtcMoment(allow_none=True, metadata={"description": "Not before this time."})
    tags = fields.List(
        fields.String(validate=validate.Length(1, MAX_TAG_LENGTH, error=f"A tag is 1 to {MAX_TAG_LENGTH} characters.")),
        validate=validate.Length(max=MAX_TAGS, error=f"At most {MAX_TAGS} tags."),
    )
    max_attempts = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=1, max=MOST_ATTEMPTS))
    time_limit_seconds = fields.Float(allow_none=True, validate=validate.Range(min=1, max=LONGEST_SECONDS))


class ProgressSchema(AnswerSchema):
    """How far the current attempt is. Of two, the one with the greater `(attempt, seq)` is newer."""

    attempt = fields.Integer()
    seq = fields.Integer()
    fraction = fields.Float(allow_none=True, validate=validate.Range(min=0, max=1))
    message = fields.String()


class JobErrorSchema(AnswerSchema):
    """Why the last attempt didn't complete."""

    code = fields.String()
    message = fields.String(validate=validate.Length(max=MAX_ERROR_LENGTH))


class JobSummarySchema(AnswerSchema):
    """A job as lists and events show it. Of two, the one with the greater `version` is newer."""

    id = fields.UUID()
    type = fields.String()
    summary = fields.String(
        validate=validate.Length(max=MAX_SUMMARY_LENGTH), metadata={"description": "One line of the payload."}
    )
    queue = fields.String()
    priority = priority_word()
    state = fields.Enum(JobState, by_value=fields.String)
    attempt = fields.Integer()
    max_attempts = fields.Integer()
    failures = fields.Integer()
    crashes = fields.Integer(metadata={"description": "How often its process died while nothing else ran in it."})
    runs_alone = fields.Boolean(
        metadata={"description": "A process died under it and others, so nothing runs beside it any more."}
    )
    submitter = fields.Nested(AccountNameSchema)
    tags = fields.List(fields.String())
    progress = fields.Nested(ProgressSchema, allow_none=True)
    error = fields.Nested(JobErrorSchema, allow_none=True)
    created_at = moment()
    run_at = moment()
    queued_at = moment(allow_none=True)
    started_at = moment("When the current attempt began.", allow_none=True)
    finished_at = moment(allow_none=True)
    cancel_requested_at = moment(allow_none=True)
    cancel_requested_by = fields.Nested(AccountNameSchema, allow_none=True)
    worker_id = fields.String(allow_none=True)
    version = fields.Integer()


class JobSchema(JobSummarySchema):
    """A job with all that belongs to it."""

    payload = fields.Dict(keys=fields.String())
    result = fields.Dict(keys=fields.String(), allow_none=True)
    time_limit_seconds = fields.Float()
    may_govern = fields.Boolean(metadata={"description": "Whether you may cancel and requeue it."})


class JobSummaryListSchema(AnswerSchema):
    """A page of jobs, newest first."""

    items = listed(JobSummarySchema)
    next_cursor = fields.String(allow_none=True, metadata={"description": NEXT_CURSOR})


class AttemptErrorSchema(AnswerSchema):
    """Why an attempt didn't complete."""

    code = fields.String()
    type = fields.String()
    message = fields.String()
    traceback = fields.String(allow_none=True)


class AttemptSchema(AnswerSchema):
    """One run of a job that has ended."""

    number = fields.Integer()
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    worker_id = fields.String(allow_none=True)
    started_at = moment()
    ended_at = moment()
    error = fields.Nested(AttemptErrorSchema, allow_none=True)


class AttemptListSchema(AnswerSchema):
    """Every run that has ended, newest first."""

    items = listed(AttemptSchema)


class LogLineSchema(AnswerSchema):
    """A line that a handler wrote. Ordered by `(attempt, seq)`."""

    job_id = fields.UUID()
    attempt = fields.Integer()
    seq = fields.Integer()
    at = moment()
    level = fields.String(validate=validate.OneOf(LEVELS))
    message = fields.String()


class LogLineListSchema(AnswerSchema):
    """A page of the current attempt's log, oldest first."""

    items = listed(LogLineSchema)
    next_cursor = fields.String(allow_none=True, metadata={"description": NEXT_CURSOR})


class PageQuerySchema(Schema):
    """Which page of a list, and how long it is."""

    cursor = fields.String(
        validate=validate.Length(min=1, max=LONGEST_CURSOR),
        metadata={"description": "`next_cursor` of the page before."},
    )
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MOST_LISTED))


def alternatives(field: fields.Field[Any], description: str) -> fields.List[Any]:
    """A filter: it may be given more than once, and then any of its values fits."""
    return fields.List(
        field,
        load_default=list,
        validate=validate.Length(max=MOST_ALTERNATIVES),
        metadata={"description": description},
    )


def _word() -> fields.String:
    return fields.String(validate=(validate.Length(min=1, max=LONGEST_WORD), _check_storable))


def _check_storable(text: str) -> None:
    if not is_storable(text):
        raise ValidationError("Contains a NUL or a broken Unicode character.")


class JobQuerySchema(PageQuerySchema):
    """Which jobs a list shows."""

    state = alternatives(fields.Enum(JobState, by_value=fields.String), "Only jobs in one of these states.")
    type = alternatives(_word(), "Only these job types.")
    queue = alternatives(_word(), "Only these queues.")
    priority = alternatives(priority_word(), "Only these priorities.")
    submitter = alternatives(fields.UUID(), "Only jobs of these accounts.")
