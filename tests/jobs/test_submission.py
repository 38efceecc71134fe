"""What may become a job: the envelope's bounds, the payload's size, the files it names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from marshmallow import Schema, fields

from millrace.accounts.account import Account, Role
from millrace.clock import SystemClock
from millrace.errors import ValidationFailed
from millrace.jobs.handler import FileId, JobContext, JobHandler, JobResult, Payload
from millrace.jobs.job import NewJob
from millrace.jobs.ports import StoredFile
from millrace.jobs.submission import MAX_PAYLOAD_BYTES, Admission, Submission
from tests.factories import an_id

ADA = Account(an_id(), "ada@example.org", "Ada", Role.MEMBER, datetime.now(UTC))
PICTURE = StoredFile(an_id(), ADA.id, "lock.png", "image/png", 900, "0" * 64, datetime.now(UTC))


@dataclass(frozen=True)
class Shelf:
    """The files there are."""

    files: tuple[StoredFile, ...] = ()

    def get_files(self, file_ids: Sequence[str]) -> Sequence[StoredFile]:
        return [file for file in self.files if file.id in file_ids]

    def artifacts_of(self, job_id: str, attempt: int) -> Sequence[StoredFile]:
        return []


class CopySchema(Schema):
    source = FileId(accept=("image/png",), max_bytes=1_000)
    text = fields.String(load_default="")


class Copy(JobHandler):
    type = "copy"
    title = "Copy"
    payload_schema = CopySchema
    example = {}  # noqa: RUF012 - a constant, as every job type writes it

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        raise AssertionError


def admit(submission: Submission, *files: StoredFile) -> NewJob:
    return Admission(Shelf(files), SystemClock()).admit(an_id(), submission, Copy(), ADA)


def refusal_of(submission: Submission, *files: StoredFile) -> tuple[str, str]:
    """The one field that is refused, and what is said of it."""
    with pytest.raises(ValidationFailed) as caught:
        admit(submission, *files)
    ((path, messages),) = caught.value.fields.items()
    return path, messages[0]


def test_what_is_left_out_is_decided_by_the_job_type() -> None:
    new_job = admit(Submission("copy", {"source": PICTURE.id}), PICTURE)

    assert new_job.payload == {"source": PICTURE.id, "text": ""}
    assert (new_job.max_attempts, new_job.time_limit) == (Copy.retry.max_attempts, Copy.time_limit)


def test_a_payload_larger_than_the_bound_is_refused() -> None:
    path, message = refusal_of(Submission("copy", {"text": "x" * MAX_PAYLOAD_BYTES}))

    assert path == "payload"
    assert f"at most {MAX_PAYLOAD_BYTES:,}" in message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"owner_id": an_id()}, "no such file of yours"),
        ({"size_bytes": 0}, "is empty"),
        ({"content_type": "text/plain"}, "is text/plain"),
        ({"size_bytes": 1_001}, "at most 1,000"),
    ],
)
def test_a_file_that_the_job_cant_use_is_refused_beside_its_field(change: dict[str, object], said: str) -> None:
    file = replace(PICTURE, **change)  # type: ignore[arg-type]
    path, message = refusal_of(Submission("copy", {"source": file.id}), file)

    assert path == "payload.source"
    assert said in message


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"max_attempts": 26}, "max_attempts"),
        ({"time_limit": timedelta(days=2)}, "time_limit_seconds"),
        ({"run_at": datetime.now(UTC) + timedelta(days=400)}, "run_at"),
        ({"tags": tuple(map(str, range(11)))}, "tags"),
        ({"tags": ("fine", "line\nbreak")}, "tags.1"),
    ],
)
def test_an_envelope_out_of_bounds_is_refused_at_its_field(change: dict[str, object], path: str) -> None:
    submission = replace(Submission("copy", {}), **change)  # type: ignore[arg-type]

    assert refusal_of(submission)[0] == path
