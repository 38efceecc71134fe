"""Turns a request to run something into a job that is ready to be stored. Pure but for the look at uploaded files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from millrace.accounts.account import Account
from millrace.clock import Clock
from millrace.errors import ValidationFailed
from millrace.jobs.handler import JobHandler
from millrace.jobs.job import MAX_SUMMARY_LENGTH, NewJob
from millrace.jobs.ports import FileDirectory, StoredFile
from millrace.jobs.priority import Priority
from millrace.jobs.validation import (
    ROOT,
    FileReference,
    PayloadInvalid,
    dump_payload,
    file_references,
    is_storable,
    load_payload,
)

MAX_TAGS = 10
MAX_TAG_LENGTH = 50
MAX_PAYLOAD_BYTES = 256 * 1024
FARTHEST_RUN = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a person asks for. None leaves a choice to the job type."""

    type: str
    payload: Mapping[str, Any]
    priority: Priority = Priority.NORMAL
    run_at: datetime | None = None
    tags: tuple[str, ...] = ()
    max_attempts: int | None = None
    time_limit: timedelta | None = None


class Admission:
    """Decides whether a submission may become a job, and makes it one."""

    def __init__(self, files: FileDirectory, clock: Clock) -> None:
        self._files = files
        self._clock = clock

    def admit(self, job_id: str, submission: Submission, handler: JobHandler, submitter: Account) -> NewJob:
        """Check `submission` against its type and the submitter's files.

        Raises:
            PayloadInvalid: The payload doesn't fit.
            ValidationFailed: Another field doesn't fit.
        """
        self._check_envelope(submission, handler)
        payload = load_payload(handler, submission.payload)
        _check_size(submission.payload)
        names = self._check_files(list(file_references(handler.payload_schema(), payload)), submitter)
        return NewJob(
            id=job_id,
            type=handler.type,
            summary=_one_line(handler.summarize(payload, names)),
            queue=handler.queue,
            priority=submission.priority,
            submitter_id=submitter.id,
            payload=dump_payload(handler, payload),
            tags=submission.tags,
            max_attempts=submission.max_attempts or handler.retry.max_attempts,
            time_limit=submission.time_limit or handler.time_limit,
            run_at=submission.run_at,
        )

    def _check_envelope(self, submission: Submission, handler: JobHandler) -> None:
        problems: dict[str, list[str]] = {}
        if submission.max_attempts is not None and not 1 <= submission.max_attempts <= handler.most_attempts:
            problems["max_attempts"] = [f"Must be from 1 to {handler.most_attempts} for this job type."]
        limit = submission.time_limit
        if limit is not None and not timedelta(seconds=1) <= limit <= handler.longest_time_limit:
            longest = int(handler.longest_time_limit.total_seconds())
            problems["time_limit_seconds"] = [f"Must be from 1 to {longest} seconds for this job type."]
        if submission.run_at is not None and submission.run_at > self._clock.utc_now() + FARTHEST_RUN:
            problems["run_at"] = [f"Lies more than {FARTHEST_RUN.days} days ahead."]
        if len(submission.tags) > MAX_TAGS:
            problems["tags"] = [f"At most {MAX_TAGS} tags."]
        for index, tag in enumerate(submission.tags):
            if not 1 <= len(tag) <= MAX_TAG_LENGTH or not is_storable(tag) or not tag.isprintable():
                problems[f"tags.{index}"] = [f"A tag is 1 to {MAX_TAG_LENGTH} printable characters."]
        if problems:
            raise ValidationFailed(fields=problems)

    def _check_files(self, references: Sequence[FileReference], submitter: Account) -> Mapping[str, str]:
        if not references:
            return {}
        found = {file.id: file for file in self._files.get_files([reference.file_id for reference in references])}
        problems: dict[str, list[str]] = {}
        for reference in references:
            problem = _file_problem(reference, found.get(reference.file_id), submitter)
            if problem:
                problems[reference.path] = [problem]
        if problems:
            raise PayloadInvalid(fields=problems)
        return {file.id: file.name for file in found.values()}


def _check_size(payload: Mapping[str, Any]) -> None:
    size_bytes = len(json.dumps(payload, separators=(",", ":")))
    if size_bytes > MAX_PAYLOAD_BYTES:
        problem = f"Has {size_bytes:,} bytes as JSON; at most {MAX_PAYLOAD_BYTES:,} are taken. Upload a file instead."
        raise PayloadInvalid(fields={ROOT: [problem]})


def _file_problem(reference: FileReference, file: StoredFile | None, submitter: Account) -> str | None:
    if file is None or file.owner_id != submitter.id:
        return "There is no such file of yours. Upload it first, then use its id."
    if file.size_bytes == 0:
        return f"“{file.name}” is empty. Choose another file."
    accept = reference.field.accept
    if accept and file.content_type not in accept:
        kinds = ", ".join(content_type.rpartition("/")[2].upper() for content_type in accept)
        return f"“{file.name}” is {file.content_type}, which this job can't read. Choose one of: {kinds}."
    most = reference.field.max_bytes
    if most is not None and file.size_bytes > most:
        return f"“{file.name}” has {file.size_bytes:,} bytes; this job takes at most {most:,}."
    return None


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_SUMMARY_LENGTH else line[: MAX_SUMMARY_LENGTH - 1] + "…"
