"""Job types that do nothing: what a worker costs by itself. Loaded by `MILLRACE_HANDLERS`."""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema

from millrace.jobs.handler import Isolation, JobContext, JobHandler, JobResult, Payload

THREAD, PROCESS = "bench_thread", "bench_process"


class BenchThread(JobHandler):
    """Says one line and how far it is, and has a result: what jobs do."""

    payload_schema: ClassVar[type[Schema]] = Schema
    example: ClassVar[Mapping[str, Any]] = {}
    type = THREAD
    title = "Nothing"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        del payload
        context.log.info("nothing to do")
        context.progress(1.0, "done")
        return {"done": True}


class BenchProcess(BenchThread):
    """The same in a process of its own."""

    type = PROCESS
    isolation: ClassVar[Isolation] = "process"
