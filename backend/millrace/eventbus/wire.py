"""What an event looks like on Redis: JSON, with whole rows, so that a reader needs no query to show it.

One message carries many events of one kind. Each kind has a channel of its own. What workers must hear, that a job
which runs was cancelled, is told on one more: they don't pay for every change of every job.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

import orjson

from millrace.jobs.events import Event, JobChanged, LogWritten, ProgressMade
from millrace.jobs.job import Job, LogLine, Progress
from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState

VERSION = 1
"""Raised when an older reader would misread a message; a field that is added needs no new version."""

CHANNEL_PREFIX = "{millrace}:events"
GAP_CHANNEL = f"{CHANNEL_PREFIX}:refetch"
"""Heard by every subscriber: a publisher lost events, so what was heard may be stale."""

MAX_EVENTS_PER_MESSAGE = 100


class Kind(StrEnum):
    """What a message tells of; also the last part of its channel's name."""

    JOBS = "jobs"
    PROGRESS = "progress"
    LOGS = "logs"
    CANCELLATIONS = "cancellations"


SHOWN = frozenset({Kind.JOBS, Kind.PROGRESS, Kind.LOGS})
"""What browsers are shown. Cancellations are among the jobs."""


@dataclass(frozen=True, slots=True)
class Message:
    """Some bytes and the channel they belong to."""

    channel: str
    data: bytes


GAP_MESSAGE = Message(GAP_CHANNEL, b"")


def channel_of(kind: Kind) -> str:
    """Where messages of `kind` are published."""
    return f"{CHANNEL_PREFIX}:{kind}"


def encode(events: Sequence[Event]) -> Iterator[Message]:
    """Pack `events` into messages. Within a kind they keep their order.

    Raises:
        ValueError: An event holds what JSON can't say, such as a lone surrogate.
    """
    bodies: dict[Kind, list[object]] = {}
    for event in events:
        match event:
            case JobChanged(job):
                bodies.setdefault(Kind.JOBS, []).append(job)
                if job.state is JobState.RUNNING and job.cancel_requested:
                    bodies.setdefault(Kind.CANCELLATIONS, []).append(job)
            case ProgressMade(progress):
                bodies.setdefault(Kind.PROGRESS, []).append(progress)
            case LogWritten(lines):
                bodies.setdefault(Kind.LOGS, []).append(lines)
    for kind, waiting in bodies.items():
        rest = iter(waiting)
        while chunk := list(islice(rest, MAX_EVENTS_PER_MESSAGE)):
            yield Message(channel_of(kind), _dump({"version": VERSION, "kind": kind, "events": chunk}))


def decode(data: bytes) -> list[Event]:
    """Read one message. What this version doesn't know is left out: pages refetch what they show by themselves."""
    try:
        message = orjson.loads(data)
        if message["version"] != VERSION:
            return []
        read = _READERS.get(message["kind"])
        return [] if read is None else [read(body) for body in message["events"]]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


def _dump(message: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(message)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"an event can't be written as JSON: {error}") from error


def _read_job(body: dict[str, Any]) -> Event:
    row = _known(Job, body)
    for name in _JOB_TIMES:
        row[name] = _time(row[name])
    row["priority"] = Priority(row["priority"])
    row["state"] = JobState(row["state"])
    row["tags"] = tuple(row["tags"])
    return JobChanged(Job(**row))


def _read_progress(body: dict[str, Any]) -> Event:
    return ProgressMade(Progress(**_known(Progress, body)))


def _read_logs(body: list[dict[str, Any]]) -> Event:
    rows = (_known(LogLine, line) for line in body)
    return LogWritten(tuple(LogLine(**{**row, "at": _time(row["at"])}) for row in rows))


def _known(row_type: type, body: dict[str, Any]) -> dict[str, Any]:
    """The fields of `body` that this version has; a newer sender may say more."""
    names = _FIELDS[row_type]
    return body if body.keys() == names else {name: body[name] for name in names}


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


_FIELDS: Mapping[type, frozenset[str]] = {
    row_type: frozenset(field.name for field in fields(row_type)) for row_type in (Job, Progress, LogLine)
}
_JOB_TIMES = (
    "created_at",
    "run_at",
    "queued_at",
    "started_at",
    "finished_at",
    "cancel_requested_at",
)
_READERS: Mapping[str, Callable[[Any], Event]] = {
    Kind.JOBS: _read_job,
    Kind.PROGRESS: _read_progress,
    Kind.LOGS: _read_logs,
    Kind.CANCELLATIONS: _read_job,
}
