"""Calls a handler: loads its payload before, and checks its result after. The same in a thread and in a process."""

import orjson

from millrace.jobs.handler import JobContext, JobHandler, JobResult, PermanentFailure
from millrace.jobs.job import Payload
from millrace.jobs.validation import PayloadInvalid, check_text, load_payload

MAX_RESULT_BYTES = 256 * 1024


def call(handler: JobHandler, payload: Payload, context: JobContext) -> JobResult:
    """Run `handler` on a payload as the store keeps it; its result as JSON, such as it will be read back.

    Raises:
        PayloadInvalid: The payload doesn't fit the type as this process knows it.
        PermanentFailure: The result is no JSON object, or too large. The work is done, so doing it again is wrong.
        BaseException: Whatever the handler raises.
    """
    return _checked(handler.run(load_payload(handler, payload), context))


def _checked(result: JobResult) -> JobResult:
    if result is None:
        return None
    try:
        text = orjson.dumps(dict(result))
        checked: JobResult = orjson.loads(text)
        check_text(checked, "result")
    except (TypeError, ValueError, PayloadInvalid) as error:
        raise PermanentFailure("The handler returned something that is no JSON object.", code="bad_result") from error
    if len(text) > MAX_RESULT_BYTES:
        raise PermanentFailure(
            f"The result has {len(text):,} bytes; at most {MAX_RESULT_BYTES:,} are kept. Save an artifact instead.",
            code="result_too_large",
        )
    return checked
