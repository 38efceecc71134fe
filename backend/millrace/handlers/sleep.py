"""Sleep: an example that does nothing but take its time, to try out and test everything around a job."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, fields
from marshmallow.validate import Range

from millrace.jobs.handler import JobContext, JobHandler, JobResult, Payload, PermanentFailure

LONGEST_SECONDS = 3600
SLICE_SECONDS = 0.1


class SleepPayload(Schema):
    """How long to sleep, and how to end."""

    seconds = fields.Float(
        load_default=5.0,
        validate=Range(0, LONGEST_SECONDS, error=f"Must be from 0 to {LONGEST_SECONDS}."),
        metadata={"title": "Seconds", "description": "How long the job sleeps. Part of a second counts too."},
    )
    fail = fields.Boolean(
        load_default=False,
        metadata={"title": "Fail at the end", "description": "Ends the job as failed, to see what that looks like."},
    )


class Sleep(JobHandler):
    """Sleeps in slices, so that a cancel is noticed between two of them."""

    type = "sleep"
    title = "Sleep (an example)"
    description = "Does no work: it sleeps for some seconds and tells its progress. To try out Millrace."
    payload_schema = SleepPayload
    example: ClassVar[Mapping[str, Any]] = {"seconds": 1}
    is_example = True

    def summarize(self, payload: Payload, file_names: Mapping[str, str]) -> str:
        del file_names
        return f"{payload['seconds']:g} s" + (", then fail" if payload["fail"] else "")

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        seconds: float = payload["seconds"]
        start = time.monotonic()
        while (passed := time.monotonic() - start) < seconds:
            context.progress(passed / seconds, f"Slept {passed:.0f} of {seconds:g} s")
            time.sleep(min(SLICE_SECONDS, seconds - passed))
        if payload["fail"]:
            raise PermanentFailure("The job failed, as it was asked to.", code="asked_to_fail")
        context.progress(1, f"Slept {seconds:g} s")
        return {"slept_seconds": round(passed, 3)}
