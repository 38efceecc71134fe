"""Measure a whole worker: `make bench-worker`. Its memory as it runs job after job, and what it costs at rest.

Real processes, every feature on: `millrace worker` and `millrace scheduler` on a SQLite or PostgreSQL and a Redis of
their own. Jobs are submitted by this process through the jobs service, some thousand ahead of the worker.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import sqlalchemy as sa

from bench.broker.machine import load, machine
from bench.broker.server import redis_server
from bench.worker.handlers import PROCESS, THREAD
from millrace.accounts.account import Account
from millrace.accounts.service import Registration
from millrace.jobs.states import UNFINISHED
from millrace.jobs.submission import Submission
from millrace.services import Services, build_services
from millrace.settings import Settings
from millrace.store.migrate import upgrade
from millrace.store.tables import jobs

ROOT = Path(__file__).parents[2]
AHEAD = 4_000
"""How many jobs wait at most, so that the memory of a queue isn't taken for that of a worker."""

SUBMITTERS = 8
REST_SECONDS = 20.0
MEBIBYTE = 1024 * 1024


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("make bench-worker", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200_000, help="how many, in threads (200000)")
    parser.add_argument("--isolated-jobs", type=int, default=2_000, help="how many, in processes of their own (2000)")
    parser.add_argument("--database-url", default="", help="in place of a SQLite of its own; its tables are made")
    options = parser.parse_args(arguments)
    for name, value in machine().items():
        print(f"{name}: {value}")
    with house(options.database_url) as (services, account, worker):
        print(f"\nat rest: {at_rest(worker):.2f} % of a core, load {load()}")
        print(
            "\n| jobs in threads | jobs/s | supervisor MiB | process MiB | threads | descriptors |\n|-:|-:|-:|-:|-:|-:|"
        )
        steps = 8
        for step in range(steps + 1):
            rate = run_through(services, account, THREAD, options.jobs // steps) if step else 0.0
            print(row(worker, step * (options.jobs // steps), rate), flush=True)
        if options.isolated_jobs:
            rate = run_through(services, account, PROCESS, options.isolated_jobs)
            print(f"\nin processes of their own: {rate:.0f} jobs/s; then {row(worker, options.isolated_jobs, rate)}")
        print(f"\nat rest again: {at_rest(worker):.2f} % of a core")
    return 0


@contextmanager
def house(database_url: str) -> Iterator[tuple[Services, Account, psutil.Process]]:
    """A worker and a scheduler, and somebody who submits."""
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder, redis_server() as redis:
        settings = replace(
            Settings(),
            database_url=database_url or f"sqlite:///{folder}/millrace.db",
            redis_url=redis.url,
            data_folder=Path(folder),
            handler_modules=("bench.worker.handlers",),
        )
        services = build_services(settings)
        upgrade(services.database)
        account = services.accounts.register(Registration("ada@example.org", "correct horse battery", "Ada"))
        started = [start(name, settings) for name in ("scheduler", "worker")]
        try:
            time.sleep(5)
            yield services, account.session.account, psutil.Process(started[1].pid)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait()
            services.close()


def start(name: str, settings: Settings) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MILLRACE_DATA": str(settings.data_folder),
        "MILLRACE_DATABASE_URL": settings.database_url,
        "MILLRACE_REDIS_URL": settings.redis_url,
        "MILLRACE_HANDLERS": " ".join(settings.handler_modules),
    }
    return subprocess.Popen([sys.executable, "-m", "millrace.run", name], env=environment, stderr=subprocess.DEVNULL)


def run_through(services: Services, account: Account, type_name: str, count: int) -> float:
    """Submit and await `count` jobs; how many were done a second."""
    began = time.perf_counter()
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        left = count
        while left:
            part = min(left, AHEAD // 2)
            list(pool.map(lambda _: services.jobs.submit(Submission(type_name, {}), account), range(part)))
            left -= part
            await_backlog(services, AHEAD // 2)
    await_backlog(services, 0)
    return count / (time.perf_counter() - began)


def await_backlog(services: Services, most: int) -> None:
    unfinished = jobs.c.state.in_(sorted(UNFINISHED))
    statement = sa.select(sa.func.count()).select_from(jobs).where(unfinished)
    while services.database.read(lambda connection: connection.execute(statement).scalar_one()) > most:
        time.sleep(0.05)


def at_rest(worker: psutil.Process) -> float:
    """The processor time of a worker that does nothing, with all below it, in percent of a core."""
    time.sleep(3)
    family = [worker, *worker.children(recursive=True)]
    before, began = sum(map(cpu_seconds, family)), time.monotonic()
    time.sleep(REST_SECONDS)
    return 100 * (sum(map(cpu_seconds, family)) - before) / (time.monotonic() - began)


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def row(worker: psutil.Process, count: int, rate: float) -> str:
    """The memory of the supervisor and of its one process, as a row of the table."""
    (process,) = [child for child in worker.children() if "worker_process" in " ".join(child.cmdline())]
    supervisor_mib, process_mib = (one.memory_info().rss / MEBIBYTE for one in (worker, process))
    return (
        f"| {count:,} | {rate:,.0f} | {supervisor_mib:.1f} | {process_mib:.1f} |"
        f" {process.num_threads()} | {process.num_fds()} |"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
