"""The clock of a host is an hour ahead, or behind: no job starts early or late, and none is lost.

The database's clock says when a job is due, so it must be another host's: these tests run on PostgreSQL.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.faults.conftest import is_full
from tests.faults.drill import Face, Fault, Form
from tests.faults.ledger import FLAKY, FREE
from tests.faults.mill import HANDLERS, START_SECONDS, Mill, Process, Web, mill, surroundings
from tests.faults.rest_client import RestClient
from tests.faults.shifted_clock import SHIFT
from tests.servers.postgresql import PostgreSQL
from tests.waiting import wait_until

HOUR_SECONDS = 3600
DUE_SECONDS = 2.0
EARLY_SECONDS, LATE_SECONDS = 0.1, 5.0
IN_TURN = [("web", 1), ("worker", -1), ("scheduler", 1)]
THE_OTHER_WAY = [("web", -1), ("worker", 1), ("scheduler", -1)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "hours" in metafunc.fixturenames:
        combinations = [*IN_TURN, *(THE_OTHER_WAY if is_full(metafunc.config) else ())]
        metafunc.parametrize(("name", "hours"), combinations)


@dataclass
class Hosts:
    """One process of each kind, each with a clock of its own."""

    mill: Mill
    hours: dict[str, int] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    web: Web | None = None

    def arrange(self, wanted: Mapping[str, int]) -> None:
        """Start those anew whose clock is to be another."""
        for name, hours in wanted.items():
            if self.hours.get(name) == hours:
                continue
            if name in self.processes:
                self.processes[name].terminate()
                self.processes[name].wait()
            if name == "web":
                self.web = self.mill.start_web(None, **off_by(hours))
                self.processes[name] = self.web.process
            else:
                self.processes[name] = self.mill.start(name, 4, **off_by(hours))
            self.hours[name] = hours
        self.mill.await_workers(1)

    def sign_in(self, stack: ExitStack) -> RestClient:
        assert self.web is not None
        return stack.enter_context(RestClient(self.web.url))


def off_by(hours: int) -> dict[str, str]:
    """The settings of a process whose clock is off by so much."""
    if not hours:
        return {}
    modules = " ".join((*HANDLERS, "tests.faults.shifted_clock"))
    return {"handlers": modules, "test_clock_shift_seconds": f"{hours * HOUR_SECONDS}"}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgreSQL) -> Iterator[Hosts]:
    with postgresql_server.database() as url, mill(tmp_path_factory.mktemp("mill"), url) as it:
        yield Hosts(it)


@dataclass
class Submitted:
    """What is submitted by REST, and when each job is due by the clock that nobody sets."""

    fault: Fault
    client: RestClient
    due_at: dict[str, float] = field(default_factory=dict)

    def submit(self, type_name: str, count: int, ahead: timedelta = timedelta()) -> list[str]:
        """Submit jobs that are due after so long by the true clock; behind it where that is below zero."""
        ids = []
        for _ in range(count):
            asked_at = time.monotonic()
            run_at = {"run_at": (datetime.now(UTC) + ahead).isoformat()} if ahead else {}
            answer = self.client.submit(type_name, {"file": str(self.fault.stamps.file), "seconds": 0.01}, **run_at)
            assert answer.job_id is not None, answer
            self.due_at[answer.job_id] = asked_at + max(ahead.total_seconds(), 0.0)
            ids.append(answer.job_id)
        self.fault.accepted |= set(ids)
        return ids

    def cancel(self, ids: list[str]) -> None:
        for job_id in ids:
            assert self.client.post(f"jobs/{job_id}/cancel").is_success

    def lateness(self) -> list[float]:
        """How long after it was due each job began that began."""
        begun = {stamp.job_id: stamp.at for stamp in reversed(self.fault.stamps.all())}
        return [at - self.due_at[job_id] for job_id, at in begun.items() if job_id in self.due_at]


@pytest.mark.postgresql
def test_no_job_is_early_or_late_or_lost_though_the_clock_of_a_host_is_wrong(
    hosts: Hosts, face: Face, form: Form, name: str, hours: int
) -> None:
    hosts.arrange({"web": 0, "worker": 0, "scheduler": 0} | {name: hours})
    with ExitStack() as stack, face(f"clock of the {name} {hours:+} h", hosts.mill) as fault:
        it = Submitted(fault, hosts.sign_in(stack))
        many = form.jobs // 4
        fault.strikes()
        due = [
            *it.submit(FREE, many),
            *it.submit(FREE, many, timedelta(minutes=-30)),
            *it.submit(FLAKY, many),
            *it.submit(FREE, many, timedelta(seconds=DUE_SECONDS)),
        ]
        far_off = it.submit(FREE, form.repeats, timedelta(minutes=30))
        wait_until(lambda: hosts.mill.are_finished(due), form.all_ended_seconds, "all that is due to end")
        it.cancel(far_off)
        fault.is_over()
        lateness = it.lateness()
        fault.remark = f"began from {min(lateness):.2f} s to {max(lateness):.2f} s after they were due"
    assert len(lateness) == len(due)
    assert min(lateness) > -EARLY_SECONDS
    assert max(lateness) < LATE_SECONDS
    assert fault.ledger.lost_attempts(fault.jobs()) == 0
    assert round(clock_of(hosts, name, fault) / HOUR_SECONDS) == hours


def clock_of(hosts: Hosts, name: str, fault: Fault) -> float:
    """By how much the clock of a process is off, by what it said last itself."""
    if name == "worker":
        stamp = fault.stamps.all()[-1]
        return stamp.said_at - (time.time() - time.monotonic() + stamp.at)
    if name == "web":
        assert hosts.web is not None
        said = parsedate_to_datetime(httpx.get(f"{hosts.web.url}/health/live").headers["Date"])
    else:
        lines = (hosts.mill.folder / "log" / f"{name}.log").read_text().splitlines()
        started = [line for line in map(json.loads, lines) if line["event"] == "scheduler_started"]
        said = datetime.fromisoformat(started[-1]["timestamp"])
    return (said - datetime.now(UTC)).total_seconds()


def test_a_moved_clock_leaves_the_monotonic_clock_alone() -> None:
    code = "import time; from tests.faults import shifted_clock; print(time.time(), time.monotonic())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**surroundings(), SHIFT: str(HOUR_SECONDS)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    said, monotonic = map(float, done.stdout.split())
    assert round((said - time.time()) / HOUR_SECONDS) == 1
    assert 0 <= time.monotonic() - monotonic < START_SECONDS
