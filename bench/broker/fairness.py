"""Part 3, fairness: how long ten jobs of one submitter wait behind fifty thousand of another. Millrace alone."""

import time
from pathlib import Path
from typing import Any

from bench.broker.catalogue import Engine
from bench.broker.engines.millrace import QUEUE, delivery
from bench.broker.percentiles import NANOSECONDS_IN_MILLISECOND
from bench.broker.plan import Plan
from bench.broker.processes import stage
from millrace.broker.redis_queues import RedisQueues, Waiting
from millrace.jobs.priority import Priority

CROWD, OTHER = "018bcfe5-6800-7abc-8def-000000000001", "018bcfe5-6800-7abc-8def-000000000002"


def measure(engine: Engine, plan: Plan, folder: Path, *, fair: bool) -> dict[str, Any]:
    """One run: with fairness two submitters; without, one who submitted all, which is first come, first served."""
    everything = plan.crowd_jobs + plan.few_jobs
    with stage(engine, folder) as on:
        queues = RedisQueues(on.server.watch)

        def send(numbers: range, submitter_id: str) -> None:
            queues.enqueue(QUEUE, (Waiting(delivery(number), Priority.NORMAL, submitter_id) for number in numbers))

        send(range(plan.crowd_jobs), CROWD)
        with on.workers(job_seconds=plan.fair_job_seconds) as workers:
            workers.begin()
            workers.await_count(plan.crowd_jobs // 100)
            sent = time.monotonic_ns()
            send(range(plan.crowd_jobs, everything), OTHER if fair else CROWD)
            workers.await_count(everything)
            on.await_nothing_left()
        records = on.records.check(range(everything))
    few = [record for record in records if record.number >= plan.crowd_jobs]
    return {"wait_milliseconds": [(record.started - sent) / NANOSECONDS_IN_MILLISECOND for record in few]}
