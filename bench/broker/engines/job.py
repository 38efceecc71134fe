"""The job that every engine runs: it waits, mostly not at all, and leaves a record in a file.

One file takes the records of all worker processes of a measurement, each by a single appending write, which costs the
same everywhere and asks nothing of the Redis that is measured. Engines that fork open nothing anew.
"""

import os
import struct
import time
from functools import cache

REPORT = "MILLRACE_BENCH_REPORT"
WORKER = "MILLRACE_BENCH_WORKER"
SECONDS = "MILLRACE_BENCH_SECONDS"

RECORD = struct.Struct("<qqqq")
"""The job's number, when it started and ended (nanoseconds of the host's monotonic clock), its worker process."""


class Report:
    """Where this process writes what it ran."""

    def __init__(self, path: str, worker: int, seconds: float) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._worker = worker
        self._seconds = seconds

    def run(self, number: int) -> None:
        started = time.monotonic_ns()
        if self._seconds:
            time.sleep(self._seconds)
        os.write(self._file, RECORD.pack(number, started, time.monotonic_ns(), self._worker))


@cache
def report() -> Report:
    """The report that the environment names."""
    return Report(os.environ[REPORT], int(os.environ[WORKER]), float(os.environ[SECONDS]))


def run(number: int) -> None:
    """Run job `number`."""
    report().run(number)
