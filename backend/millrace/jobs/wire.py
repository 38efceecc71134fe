"""Jobs as JSON, for REST and for events alike. The OpenAPI document describes the same; a test holds both together."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from millrace.clock import to_rfc3339
from millrace.jobs.job import AttemptRecord, Job, LogLine, Payload, Progress
from millrace.jobs.ports import StoredFile


def job_summary(job: Job, submitter_name: str) -> dict[str, Any]:
    """A job as lists and events show it."""
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
        "submitter": {"id": job.submitter_id, "name": submitter_name},
        "tags": list(job.tags),
        "progress": _progress_in(job),
        "error": _error_in(job),
        "created_at": to_rfc3339(job.created_at),
        "run_at": to_rfc3339(job.run_at),
        "queued_at": _moment(job.queued_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "cancel_requested_at": _moment(job.cancel_requested_at),
        "worker_id": job.worker_id,
        "version": job.version,
    }


def job_details(
    job: Job, submitter_name: str, payload: Payload, result: Payload | None, *, may_govern: bool
) -> dict[str, Any]:
    """A job with all that belongs to it."""
    return job_summary(job, submitter_name) | {
        "payload": payload,
        "result": result,
        "time_limit_seconds": job.time_limit_seconds,
        "may_govern": may_govern,
    }


def job_list(jobs: Sequence[Job], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Several jobs; `names` has the name of every submitter."""
    return [job_summary(job, names[job.submitter_id]) for job in jobs]


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
