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
from bench.broker.records import Record


def measure(engine: Engine, plan: Plan, folder: Path) -> dict[str, Any]:
    """One run of one engine. The medians of several are what counts."""
    messages = min(plan.messages, engine.most_messages)
    with stage(engine, folder) as one:
        result: dict[str, Any] = {"versions": one.submitter.versions, "messages": messages}
        result["sent_per_second"] = messages / one.submitter.send(0, messages)
        with one.workers() as workers:
            result |= _drain(one, workers, messages)
            sent = messages
            result |= _watch_idle(one, workers, plan)
            for name, offsets in (("idle", _idle_offsets(plan)), ("paced", _paced_offsets(plan))):
                result[f"{name}_milliseconds"] = _pick_ups(one, workers, sent, offsets)
                sent += len(offsets)
        one.records.check(range(sent))
    with stage(engine, folder) as two:
        if engine.sends_together:
            result["sent_together_per_second"] = messages / two.submitter.send_together(0, messages)
        else:
            two.submitter.send(0, messages)
        with two.workers(2) as workers:
            result["drained_per_second_by_two"] = _drain(two, workers, messages)["drained_per_second"]
        ran_by_first = sum(record.worker == 0 for record in two.records.check(range(messages)))
        result["share_of_lesser_of_two"] = min(ran_by_first, messages - ran_by_first) / messages
    return result


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
    """Jobs a second, from the moment when every worker process that ran any had begun. In the order of their start."""
    begun = max({record.worker: record.started for record in reversed(records)}.values())
    counted = [record for record in records if record.started > begun]
    return len(counted) / (max(record.ended for record in records) - begun) * 1e9


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


def _idle_offsets(plan: Plan) -> list[float]:
    return irregular(plan.idle_jobs, plan.idle_seconds)


def _paced_offsets(plan: Plan) -> list[float]:
    return irregular(plan.paced_jobs, 1 / plan.paced_per_second)


def irregular(count: int, mean_seconds: float) -> list[float]:
    """Moments that fall into step with nobody's polling: gaps of a half to one and a half times the mean."""
    chance = random.Random(count)
    return list(accumulate(chance.uniform(0.5, 1.5) * mean_seconds for _ in range(count)))
