"""Redis forgets, dies, comes back and loses its connections: each job runs once, limits hold, and submits are taken."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from millrace.broker.redis_queues import PREFIX
from millrace.jobs.priority import Priority
from tests.faults.drill import Face, Fault, Form
from tests.faults.mill import NARROW, NARROW_QUEUE, Mill, Stamps, mill
from tests.faults.rest_client import RestClient, Traffic
from tests.waiting import wait_until

LIMIT, THREADS, WORKERS = 2, 4, 2
LONG_SECONDS = 2.0
"""Outlasts a restoration: the scheduler looks every second whether Redis forgot."""

RESTORE_SECONDS = 15
RESTORED_SECONDS = 9.0
"""Sooner than the scheduler looks for what was never sent: a restoration itself misses nothing."""

DONE_SECONDS = 40


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory, own_database_url: str) -> Iterator[Mill]:
    """Two workers and a scheduler. Each test finds them idle, and leaves them so."""
    with mill(tmp_path_factory.mktemp("mill"), own_database_url) as it:
        for name in ("worker", "worker", "scheduler"):
            it.start(name, THREADS)
        it.await_workers(WORKERS)
        it.change({"paused": False, "concurrency": LIMIT})
        yield it


@pytest.fixture(scope="module")
def client(at_work: Mill) -> RestClient:
    return at_work.sign_in(at_work.start_web())


def await_restored(mill: Mill) -> None:
    wait_until(lambda: not mill.services.restoration.is_needed(), RESTORE_SECONDS, "the queues to be restored")


def waiting(mill: Mill) -> int:
    """How many wait in the narrow queue."""
    return sum(mill.services.line.counts(NARROW_QUEUE).waiting.values())


def strike_at_work(fault: Fault, mill: Mill, client: RestClient, strike: Callable[[Traffic], object]) -> None:
    """Strike while the narrow queue is full of jobs that outlast the restoration, and somebody submits by REST.

    Whatever is submitted is taken, each job runs once, the limit of the narrow queue holds throughout, and in the end
    every thread of every worker still takes what comes.
    """
    with fault.traffic(client) as flow:
        long = fault.submit(LIMIT, LONG_SECONDS, type_name=NARROW, priority=Priority.CRITICAL)
        wait_until(lambda: {job.id for job in long} <= fault.stamps.at_work(), message="the narrow queue to be full")
        narrow = [*long, *fault.submit(20, 0.01, type_name=NARROW)]
        fault.submit()
        fault.strikes()
        strike(flow)
        narrow += fault.submit(5, 0.01, type_name=NARROW)
        fault.is_over()
        await_restored(mill)
        flow.await_answers(1)
    fault.await_recovery()
    fault.await_end()
    assert flow.refused() == []
    assert fault.stamps.most_at_once({job.id for job in narrow}) == LIMIT
    fault.assert_completed(at_once=True)
    fault.remark = f"{len(flow.answers)} submits by REST all answered 201, the slowest in {flow.slowest():.1f} s"
    assert_nobody_is_deaf(fault, mill)


def assert_nobody_is_deaf(fault: Fault, mill: Mill) -> None:
    """Every thread of every worker takes something at the same time."""
    mill.await_workers(WORKERS)
    all_at_once = fault.submit(WORKERS * THREADS, 0.5)
    wait_until(lambda: {job.id for job in all_at_once} <= fault.stamps.at_work(), message="every thread to take a job")


def test_limits_hold_though_redis_forgets_everything_also_during_the_restoration(
    at_work: Mill, client: RestClient, face: Face, form: Form
) -> None:
    def is_in(stage: str) -> bool:
        return bool(at_work.client.exists(stage)) or not at_work.services.restoration.is_needed()

    def forget(_flow: Traffic) -> None:
        # It has begun; then what waits is in line again, though nobody may take it yet.
        for stage in (f"{PREFIX}:restoring", f"{PREFIX}:waiting:{NARROW_QUEUE}") * (form.repeats // 2):
            at_work.client.flushall()
            wait_until(lambda key=stage: is_in(key), RESTORE_SECONDS, stage)  # type: ignore[misc]
        at_work.client.flushall()

    name = f"FLUSHALL, {form.repeats} times in the restoration"
    with face(name, at_work, within_seconds=RESTORED_SECONDS) as fault:
        strike_at_work(fault, at_work, client, forget)


@pytest.mark.parametrize("keeps_its_data", [True, False], ids=["with its data", "without its data"])
def test_submits_are_taken_and_limits_hold_though_redis_is_away(
    at_work: Mill, client: RestClient, face: Face, form: Form, keeps_its_data: bool
) -> None:
    def stop(flow: Traffic) -> None:
        at_work.redis.kill()
        fault.lasts()
        if not keeps_its_data:
            at_work.redis.lose_its_file()
        at_work.redis.start_again()

    how = "with" if keeps_its_data else "without"
    name = f"Redis away {form.outage_seconds:g} s, back {how} its data"
    with face(name, at_work, within_seconds=RESTORED_SECONDS) as fault:
        strike_at_work(fault, at_work, client, stop)


def test_no_worker_goes_deaf_though_redis_connections_are_cut_every_second(
    at_work: Mill, client: RestClient, face: Face, form: Form
) -> None:
    def cut(_flow: Traffic) -> None:
        for _ in range(form.cuts):
            at_work.client.client_kill_filter(_type="normal", skipme=True)
            at_work.client.client_kill_filter(_type="pubsub", skipme=True)
            fault.lasts(1)

    with face(f"Redis' connections cut {form.cuts} times in {form.cuts} s", at_work) as fault:
        strike_at_work(fault, at_work, client, cut)


def test_a_queue_that_is_paused_in_the_middle_starts_nothing_more_until_it_goes_on(
    at_work: Mill, tmp_path: Path
) -> None:
    stamps = Stamps(tmp_path / "narrow")
    at_work.change({"paused": True, "concurrency": LIMIT})
    jobs = at_work.submit(NARROW, 80, stamps, 0.05)
    at_work.change({"paused": False})
    wait_until(lambda: len(stamps.begun()) > LIMIT)
    paused = at_work.change({"paused": True})
    assert paused.counts is not None
    left = sum(paused.counts.waiting.values())
    assert left > 0
    wait_until(lambda: at_work.services.line.counts(NARROW_QUEUE).started == 0, 20, "what was taken to end")
    at_work.client.flushall()
    await_restored(at_work)
    at_work.await_looks(4)
    assert waiting(at_work) == left
    assert len(stamps.begun()) == len(jobs) - left
    at_work.change({"paused": False, "concurrency": None})
    at_work.await_completed(jobs, DONE_SECONDS)
