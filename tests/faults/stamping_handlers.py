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
        file = os.open(payload["file"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(file, f"{BEGUN} {context.job_id}\n".encode())
            time.sleep(payload["seconds"])
            os.write(file, f"{ENDED} {context.job_id}\n".encode())
        finally:
            os.close(file)
        return None


class StampedNarrow(StampedFree):
    """The same in another queue, for the limits of that."""

    type = "stamped_narrow"
    queue = "narrow"
