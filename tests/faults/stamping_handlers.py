"""Job types that note in a file when they begin and when they end. Loaded by `MILLRACE_HANDLERS`."""

import os
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from marshmallow import Schema, fields

from millrace.jobs.handler import JobContext, JobHandler, JobResult, Payload, RetryPolicy

BEGUN, ENDED = "begun", "ended"


class StampedPayload(Schema):
    """Where to note, and how long to work."""

    file = fields.String(required=True)
    seconds = fields.Float(required=True)


class StampedFree(JobHandler):
    """Notes its beginning, which is after the claim, and its end, which is before the settlement."""

    payload_schema: ClassVar[type[Schema]] = StampedPayload
    example: ClassVar[Mapping[str, Any]] = {"file": "stamps", "seconds": 0}
    type = "stamped_free"
    title = "Stamped"
    queue = "free"
    retry = RetryPolicy(max_attempts=3, first_pause=timedelta(milliseconds=10))

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        stamp(payload["file"], BEGUN, context)
        self.work(payload, context)
        stamp(payload["file"], ENDED, context)
        return None

    def work(self, payload: Payload, context: JobContext) -> None:
        """What there is to do between the two notes."""
        del context
        time.sleep(payload["seconds"])


class StampedNarrow(StampedFree):
    """The same in another queue, for the limits of that."""

    type = "stamped_narrow"
    queue = "narrow"


class StampedFlaky(StampedFree):
    """Fails at its first attempt, and completes at its second."""

    type = "stamped_flaky"

    def work(self, payload: Payload, context: JobContext) -> None:
        super().work(payload, context)
        if context.attempt == 1:
            raise ConnectionError("the first attempt fails")


class SavedPayload(StampedPayload):
    """How much to save, besides."""

    size_bytes = fields.Integer(required=True)


class StampedSaving(StampedFree):
    """Saves an artifact."""

    payload_schema: ClassVar[type[Schema]] = SavedPayload
    example: ClassVar[Mapping[str, Any]] = {"file": "stamps", "seconds": 0, "size_bytes": 1}
    type = "stamped_saving"

    def work(self, payload: Payload, context: JobContext) -> None:
        context.save_artifact("made.bin", content(payload["size_bytes"]))


def content(size_bytes: int) -> bytes:
    """What an artifact of this size holds."""
    return (b"Millrace" * (size_bytes // 8 + 1))[:size_bytes]


def stamp(file: str, what: str, context: JobContext) -> None:
    """Note what happens to this attempt."""
    write_stamp(file, what, context.job_id, context.attempt)


def write_stamp(file: str, what: str, job_id: str, attempt: int) -> None:
    """Note what happens, and when: by the clock that a host's processes share and nobody sets, and by the other."""
    notes = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(notes, f"{what} {job_id} {attempt} {time.monotonic()} {time.time()}\n".encode())
    finally:
        os.close(notes)
