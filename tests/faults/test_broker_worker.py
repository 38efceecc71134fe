"""What a worker process costs the broker: nothing for long when it is killed, next to nothing while it is idle."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from millrace.broker.redis_queues import RedisQueues
from millrace.jobs.job import Delivery
from millrace.jobs.states import JobState
from millrace.queues.limits import QueueLimits
from tests.faults.mill import NARROW, NARROW_QUEUE, START_SECONDS, Mill, Stamps, mill
from tests.flow.conftest import restore_queues
from tests.waiting import wait_until

LIMIT = 2
RECOVERED_SECONDS = 15


@pytest.fixture
def still(tmp_path: Path) -> Iterator[Mill]:
    """A mill without workers."""
    with mill(tmp_path) as it:
        yield it


@contextmanager
def nobody_claims(folder: Path) -> Iterator[None]:
    """Keep every claim waiting, by a lock of SQLite's."""
    with closing(sqlite3.connect(folder / "millrace.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_what_a_worker_took_and_was_killed_before_it_claimed_runs_elsewhere_within_fifteen_seconds(
    still: Mill, tmp_path: Path
) -> None:
    line, stamps = still.services.line, Stamps(tmp_path / "narrow")
    still.start("scheduler")
    victim = still.start("worker")
    still.await_workers(1)
    limits = still.change({"paused": True, "concurrency": LIMIT}).limits
    jobs = still.submit(NARROW, 2 * LIMIT + 1, stamps, 0.05)

    with nobody_claims(tmp_path):
        line.limit(NARROW_QUEUE, QueueLimits(concurrency=LIMIT, version=limits.version + 1))
        wait_until(lambda: len(booked(line)) == LIMIT, message="the worker to fill the queue's limit")
        victim.kill()
        victim.wait()
        killed_at = time.monotonic()
    held = booked(line)
    (victim_id,) = line.workers()
    assert held == {job.delivery for job in jobs[:LIMIT]}
    assert {still.services.reader.get(one.job_id, still.account).state for one in held} == {JobState.QUEUED}

    still.start("worker")
    still.await_completed(jobs, killed_at + RECOVERED_SECONDS - time.monotonic())
    assert stamps.begun() == {job.id: 1 for job in jobs}
    assert stamps.most_at_once(stamps.begun()) == LIMIT
    wait_until(lambda: line.counts(NARROW_QUEUE).started == 0)
    assert line.held_by(victim_id) == frozenset()
    assert victim_id not in line.workers()


def booked(line: RedisQueues) -> frozenset[Delivery]:
    """What is booked on whatever worker."""
    return frozenset().union(*(line.held_by(worker_id) for worker_id in line.workers()))


MOST_COMMANDS_A_SECOND = 20
MOST_OF_A_CORE = 0.03
LOOKS = 8


def test_an_idle_worker_of_eight_threads_hardly_costs_anything(still: Mill) -> None:
    services = still.services
    restore_queues(services)
    worker = psutil.Process(still.start("worker", threads=8).pid)
    still.await_workers(1)
    wait_until(lambda: max(services.workers.beats().values()) >= 2, START_SECONDS, "the worker to be settled")

    began, cpu, commands = time.monotonic(), cpu_seconds(worker), still.commands()
    still.await_looks(LOOKS)
    seconds = time.monotonic() - began
    assert (cpu_seconds(worker) - cpu) / seconds < MOST_OF_A_CORE
    assert (still.commands() - commands) / seconds < MOST_COMMANDS_A_SECOND


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
