"""Jobs as JSON, for REST and for events alike. The OpenAPI document describes the same; a test holds both together."""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from millrace.accounts.wire import account_name
from millrace.clock import to_rfc3339
from millrace.jobs.job import AttemptRecord, Job, LogLine, Payload, Progress
from millrace.jobs.ports import StoredFile


def accounts_in(jobs: Iterable[Job]) -> Set[str]:
    """The ids of all accounts that these jobs name."""
    pairs = ((job.submitter_id, job.cancel_requested_by) for job in jobs)
    return {account_id for pair in pairs for account_id in pair if account_id is not None}


def job_summary(job: Job, names: Mapping[str, str]) -> dict[str, Any]:
    """A job as lists and events show it; `names` has the name of every account in it."""
    return {
        "id": job.id,
        "type": job.type,
        "summary": job.summary,
        "queue": job.queue,
        "priority": job.priority.word,
        "state": job.state.value,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "failures": job.failures,
        "crashes": job.crashes,
        "runs_alone": job.runs_alone,
        "submitter": account_name(job.submitter_id, names),
        "tags": list(job.tags),
        "progress": _progress_in(job),
        "error": _error_in(job),
        "created_at": to_rfc3339(job.created_at),
        "run_at": to_rfc3339(job.run_at),
        "queued_at": _moment(job.queued_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "cancel_requested_at": _moment(job.cancel_requested_at),
        "cancel_requested_by": account_name(job.cancel_requested_by, names),
        "worker_id": job.worker_id,
        "version": job.version,
    }


def job_details(
    job: Job, names: Mapping[str, str], payload: Payload, result: Payload | None, *, may_govern: bool
) -> dict[str, Any]:
    """A job with all that belongs to it."""
    return job_summary(job, names) | {
        "payload": payload,
        "result": result,
        "time_limit_seconds": job.time_limit_seconds,
        "may_govern": may_govern,
    }


def job_list(jobs: Sequence[Job], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Several jobs; `names` has the name of every account in them."""
    return [job_summary(job, names) for job in jobs]


def progress_event(progress: Progress) -> dict[str, Any]:
    """How far an attempt is."""
    return {
        "job_id": progress.job_id,
        "attempt": progress.attempt,
        "seq": progress.seq,
        "fraction": progress.fraction,
        "message": progress.message,
    }


def log_line(line: LogLine) -> dict[str, Any]:
    """A line of a job's log."""
    return {
        "job_id": line.job_id,
        "attempt": line.attempt,
        "seq": line.seq,
        "at": to_rfc3339(line.at),
        "level": line.level,
        "message": line.message,
    }


def attempt(record: AttemptRecord) -> dict[str, Any]:
    """A run of a job that has ended."""
    error = None
    if record.error_code is not None:
        error = {
            "code": record.error_code,
            "type": record.error_type or "",
            "message": record.error_message or "",
            "traceback": record.traceback,
        }
    return {
        "number": record.number,
        "outcome": record.outcome,
        "worker_id": record.worker_id,
        "started_at": to_rfc3339(record.started_at),
        "ended_at": to_rfc3339(record.ended_at),
        "error": error,
    }


def stored_file(file: StoredFile) -> dict[str, Any]:
    """An upload or an artifact."""
    return {
        "id": file.id,
        "name": file.name,
        "content_type": file.content_type,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "created_at": to_rfc3339(file.created_at),
    }


def artifact(file: StoredFile) -> dict[str, Any]:
    """A file that a job made."""
    return stored_file(file) | {"job_id": file.job_id, "attempt": file.attempt}


def _progress_in(job: Job) -> dict[str, Any] | None:
    if job.progress_seq == 0:
        return None
    return {
        "attempt": job.attempt,
        "seq": job.progress_seq,
        "fraction": job.progress_fraction,
        "message": job.progress_message,
    }


def _error_in(job: Job) -> dict[str, Any] | None:
    if job.error_code is None:
        return None
    return {"code": job.error_code, "message": job.error_message or ""}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else to_rfc3339(moment)
