"""Part 1, jobs that do nothing: how fast they are sent and run, and how soon a lone one is picked up."""

import random
import time
from itertools import accumulate
from pathlib import Path
from typing import Any

from bench.broker.catalogue import Engine
from bench.broker.percentiles import NANOSECONDS_IN_MILLISECOND
from bench.broker.plan import Plan
from bench.broker.processes import Stage, Workers, stage
from bench.broker.records import Invalid, Record


def measure(engine: Engine, plan: Plan, folder: Path) -> dict[str, Any]:
    """One run of one engine. The medians of several are what counts."""
    messages = min(plan.messages, engine.most_messages)
    with stage(engine, folder) as on:
        by_one = _by_one(on, messages, plan)
    with stage(engine, folder) as on:
        by_two = _by_two(on, messages, plan)
    return {"versions": on.submitter.versions, "messages": messages, **by_one, **by_two}


def _by_one(on: Stage, messages: int, plan: Plan) -> dict[str, Any]:
    """What is sent one at a time is run by one worker process, which then waits for single jobs."""
    sent_in = on.submitter.send(0, messages)
    with on.workers() as workers:
        drained = _drain(on, workers, messages)
        idle = _watch_idle(on, workers, plan)
        lone = irregular(plan.idle_jobs, plan.idle_seconds)
        paced = irregular(plan.paced_jobs, 1 / plan.paced_per_second)
        pick_ups = {
            "idle_milliseconds": _pick_ups(on, workers, messages, lone),
            "paced_milliseconds": _pick_ups(on, workers, messages + len(lone), paced),
        }
    on.records.check(range(messages + len(lone) + len(paced)))
    return {"sent_per_second": messages / sent_in, **drained, **idle, **pick_ups}


def _by_two(on: Stage, messages: int, plan: Plan) -> dict[str, float | None]:
    """What is sent together, where the engine has a call for that, is run by two worker processes."""
    sends_together = on.engine.sends_together
    sent_in = on.submitter.send_together(0, messages) if sends_together else on.submitter.send(0, messages)
    with on.workers(2) as workers:
        drained = _drain(on, workers, messages)
    records = on.records.check(range(messages))
    ran_both = len({record.worker for record in records}) == 2
    if (len(together(records)) if ran_both else 0) < plan.least_together * messages:
        raise Invalid("the two worker processes hardly ran at the same time")
    return {
        "sent_together_per_second": messages / sent_in if sends_together else None,
        "drained_per_second_by_two": drained["drained_per_second"],
    }


def _drain(on: Stage, workers: Workers, messages: int) -> dict[str, float]:
    computed, served = workers.cpu_seconds(), on.server.cpu_seconds
    workers.begin()
    workers.await_count(messages)
    computed, served = workers.cpu_seconds() - computed, on.server.cpu_seconds - served
    on.await_nothing_left()
    return {
        "drained_per_second": rate(on.records.read()),
        "worker_microseconds_per_job": computed / messages * 1e6,
        "redis_microseconds_per_job": served / messages * 1e6,
    }


def rate(records: list[Record]) -> float:
    """Jobs a second, from the moment when every worker process that ran any had begun."""
    counted = together(records)
    seconds = (max(record.ended for record in records) - counted[0].started) / 1e9
    return len(counted) / seconds


def together(records: list[Record]) -> list[Record]:
    """Those of some records, in the order of their start, from the first of the worker process that began last."""
    first = {record.worker: place for place, record in reversed(list(enumerate(records)))}
    return records[max(first.values()) :]


def _watch_idle(on: Stage, workers: Workers, plan: Plan) -> dict[str, float]:
    time.sleep(plan.quiet_seconds / 5)  # what follows a drain, such as a last poll, comes to an end
    begun, computed, commands = time.monotonic(), workers.cpu_seconds(), on.server.commands
    time.sleep(plan.quiet_seconds)
    seconds = time.monotonic() - begun
    return {
        "idle_cpu_percent": (workers.cpu_seconds() - computed) / seconds * 100,
        "idle_commands_per_second": (on.server.commands - commands - 1) / seconds,
    }


def _pick_ups(on: Stage, workers: Workers, first: int, offsets: list[float]) -> list[float]:
    """From just before each job was sent to its start, in milliseconds."""
    sent = on.submitter.send_at(first, offsets)
    workers.await_count(first + len(offsets))
    started = {record.number: record.started for record in on.records.read()}
    on.await_nothing_left()
    return [(started[first + i] - before) / NANOSECONDS_IN_MILLISECOND for i, (before, _) in enumerate(sent)]


def irregular(count: int, mean_seconds: float) -> list[float]:
    """Moments that fall into step with nobody's polling: gaps of a half to one and a half times the mean."""
    chance = random.Random(count)
    return list(accumulate(chance.uniform(0.5, 1.5) * mean_seconds for _ in range(count)))
