"""A host whose clock is wrong: loaded by `MILLRACE_HANDLERS`, it moves the clock of a whole process at its import.

What Python reads moves; the monotonic clock doesn't, as on a host whose clock was set before the process began. The
ids of jobs carry the time too, and their library reads the clock by itself, so it is told the moved time.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import time_machine
import uuid_utils

from millrace.jobs import service

SHIFT = "MILLRACE_TEST_CLOCK_SHIFT_SECONDS"


def shift(seconds: float) -> None:
    """Move the clock of this process."""
    time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True).start()
    vars(service)["uuid7"] = lambda: UUID(str(uuid_utils.uuid7(nanoseconds=time.time_ns())))


if SHIFT in os.environ:
    shift(float(os.environ[SHIFT]))
