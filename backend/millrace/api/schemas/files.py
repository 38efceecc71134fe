"""Uploads and artifacts."""

from marshmallow import Schema, fields

from millrace.api.schemas.answer import AnswerSchema, listed, moment


class FileSchema(AnswerSchema):
    """An uploaded file, or an artifact."""

    id = fields.UUID()
    name = fields.String()
    content_type = fields.String(metadata={"description": "Found by looking at the content."})
    size_bytes = fields.Integer()
    sha256 = fields.String()
    created_at = moment()


class ArtifactSchema(FileSchema):
    """A file that a job made."""

    job_id = fields.UUID()
    attempt = fields.Integer()


class ArtifactListSchema(AnswerSchema):
    """The files that a job's current attempt made."""

    items = listed(ArtifactSchema)


class ContentQuerySchema(Schema):
    """How a file's bytes are wanted."""

    download = fields.Boolean(
        load_default=False,
        metadata={"description": "Save as a file. Whatever isn't a plain picture is saved in any case."},
    )
