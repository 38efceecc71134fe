"""Job types for tests: each shows one way in which an attempt can go. Loaded by `MILLRACE_HANDLERS`."""

import os
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from marshmallow import Schema, fields

from millrace.jobs.handler import JobContext, JobHandler, JobResult, Payload, PermanentFailure, RetryLater, RetryPolicy

QUICK_RETRY = RetryPolicy(max_attempts=3, first_pause=timedelta(milliseconds=10))


class NothingPayload(Schema):
    """Nothing to say."""


class TextPayload(Schema):
    """One text."""

    text = fields.String(load_default="")


class Sample(JobHandler):
    """What the samples share."""

    payload_schema: ClassVar[type[Schema]] = NothingPayload
    example: ClassVar[Mapping[str, Any]] = {}
    retry = QUICK_RETRY


class Echo(Sample):
    """Says what it was told, in every way there is."""

    type = "echo"
    title = "Echo"
    payload_schema = TextPayload

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        context.progress(0.5, "half")
        context.log.info(f"said {payload['text']}")
        context.save_artifact("echo.txt", payload["text"].encode())
        context.progress(1, "done")
        return {"text": payload["text"]}


class Broken(Sample):
    """Fails each time."""

    type = "broken"
    title = "Broken"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        raise ValueError(f"attempt {context.attempt} went wrong")


class Hopeless(Sample):
    """Fails for good."""

    type = "hopeless"
    title = "Hopeless"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        raise PermanentFailure("There is nothing to be done.", code="nothing_to_do")


class Patient(Sample):
    """Succeeds the second time."""

    type = "patient"
    title = "Patient"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        if context.attempt == 1:
            raise RetryLater(timedelta(milliseconds=10), "Not yet.")
        return {"attempt": context.attempt}


class Endless(Sample):
    """Runs until it is stopped at a checkpoint."""

    type = "endless"
    title = "Endless"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        context.progress(None, f"in process {os.getpid()}")
        rest = threading.Event()
        while not rest.wait(0.01):
            context.checkpoint()
        return None


class UntilTold(Sample):
    """Runs until there is a file of the name that it was told."""

    type = "until_told"
    title = "Until told"
    payload_schema = TextPayload

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        context.progress(None, f"in process {os.getpid()}")
        rest = threading.Event()
        while not Path(payload["text"]).exists():
            rest.wait(0.01)
        return None


class Deaf(Sample):
    """Never comes to a checkpoint while it sleeps."""

    type = "deaf"
    title = "Deaf"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        context.progress(0, "asleep")
        time.sleep(0.5)
        return None


class Odd(Sample):
    """Returns what is no JSON object."""

    type = "odd"
    title = "Odd"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        return {"when": object()}
