"""Part 2, priority: a critical job behind a backlog of low ones, while every thread is busy."""

from bisect import bisect_right
from pathlib import Path
from typing import Any

from bench.broker.catalogue import Engine
from bench.broker.drain import irregular
from bench.broker.engines.contract import CRITICAL, LOW
from bench.broker.percentiles import NANOSECONDS_IN_MILLISECOND
from bench.broker.plan import Plan
from bench.broker.processes import stage
from bench.broker.records import Record

THREADS = 8
"""For every engine, so that threads fall free equally often."""


def measure(engine: Engine, plan: Plan, folder: Path) -> dict[str, Any]:
    """One run of one engine."""
    everything = plan.low_jobs + plan.critical_jobs
    with stage(engine, folder, (LOW, CRITICAL), THREADS) as on:
        on.submitter.send(0, plan.low_jobs, LOW)
        with on.workers(job_seconds=plan.low_job_seconds) as workers:
            workers.begin()
            workers.await_count(4 * THREADS)
            offsets = irregular(plan.critical_jobs, plan.critical_every_seconds)
            sent = on.submitter.send_at(plan.low_jobs, offsets, CRITICAL)
            workers.await_count(everything)
            on.await_nothing_left()
        records = on.records.check(range(everything))
    waited = [waits(records, plan.low_jobs + i, before, after) for i, (before, after) in enumerate(sent)]
    return {
        "versions": on.submitter.versions,
        "wait_milliseconds": [total for total, _ in waited],
        "beyond_milliseconds": [beyond for _, beyond in waited],
    }


def waits(records: list[Record], number: int, before: int, after: int) -> tuple[float, float]:
    """How long a job waited, and how much of that after a thread had fallen free, in milliseconds.

    A thread that falls free while the job is still being sent can't take it, so the first that counts is the first
    after it was sent. A job that an idle thread starts before has waited for no thread at all.
    """
    started = next(record.started for record in records if record.number == number)
    free = sorted(record.ended for record in records)
    first_free = free[bisect_right(free, after)]
    beyond = started - first_free if started >= first_free else max(0, started - after)
    return (started - before) / NANOSECONDS_IN_MILLISECOND, beyond / NANOSECONDS_IN_MILLISECOND
