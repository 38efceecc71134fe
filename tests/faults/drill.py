"""The drill: each fault strikes while jobs are in flight, and leaves one row in a table of what became of them."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from millrace.jobs.job import Job
from millrace.jobs.priority import Priority
from millrace.jobs.states import FINISHED, JobState
from tests.faults.ledger import FREE, Ledger
from tests.faults.rest_client import Answer, RestClient, Traffic, traffic
from tests.faults.stamps import Stamps
from tests.waiting import wait_until

RECOVERED_SECONDS = 15.0
"""What is promised, whatever the length of the jobs."""


@dataclass(frozen=True, slots=True)
class Form:
    """How much of each fault: a short form in `make test`, the full one in `make drill`."""

    name: str
    jobs: int
    """Submitted before the fault strikes."""

    outage_seconds: float
    rate: float
    """Submissions a second by REST, while it lasts."""

    repeats: int
    """How often what can be done again and again is done."""

    cuts: int
    """How often connections are cut, once a second."""

    all_ended_seconds: float


SHORT = Form("short", jobs=48, outage_seconds=2.0, rate=12, repeats=2, cuts=3, all_ended_seconds=45)
FULL = Form("full", jobs=320, outage_seconds=10.0, rate=20, repeats=6, cuts=60, all_ended_seconds=180)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the jobs of one fault."""

    fault: str
    database: str
    submitted: int
    """Jobs that somebody was told are there, or that are."""

    ended: int
    """Of those, completed, failed or cancelled."""

    lost: int
    """Told to be there, and not there."""

    stuck: int
    """There, and not ended when all had long had the time."""

    started_twice: int
    """Jobs whose handler began more than once, be it in attempts that followed each other."""

    beyond: int
    """Attempts that began more than once, which the fence forbids."""

    recovered_seconds: float | None
    """From the end of the fault, or the kill, until a job submitted at that moment has ended, and every job that ran
    when it struck. None where that didn't happen."""

    all_ended_seconds: float | None
    """The same for every job, those that waited and those that came later included. None where some never did."""

    remark: str

    def faults(self) -> dict[str, int]:
        """What must not be."""
        return {name: getattr(self, name) for name in ("lost", "stuck", "beyond") if getattr(self, name)}


class Drill:
    """The rows of a whole run of tests."""

    def __init__(self) -> None:
        self.rows: list[Row] = []


@dataclass
class Fault:
    """One fault, from before it strikes until all is over. Made by `facing`."""

    name: str
    ledger: Ledger
    form: Form
    stamps: Stamps
    within_seconds: float = RECOVERED_SECONDS
    remark: str = ""
    accepted: set[str] = field(default_factory=set)
    """What somebody was told is there."""

    def __post_init__(self) -> None:
        self._before = set(self.ledger.jobs())
        self._in_hand: set[str] = set()
        self._over_at: datetime | None = None
        self._recovered_seconds: float | None = None
        self._all_ended_seconds: float | None = None

    def submit(
        self, count: int | None = None, seconds: float = 0.02, *, type_name: str = FREE, **options: Any
    ) -> list[Job]:
        """Submit as many jobs as the form says, or `count`."""
        made = self.ledger.submit(type_name, count or self.form.jobs, self.stamps, seconds, **options)
        self.accepted |= {job.id for job in made}
        return made

    @contextmanager
    def traffic(self, client: RestClient, seconds: float = 0.02) -> Iterator[Traffic]:
        """Let `client` submit steadily by REST, for as long as the block lasts."""

        def submit() -> Answer:
            return client.submit(FREE, {"file": str(self.stamps.file), "seconds": seconds})

        with traffic(submit, self.form.rate) as flow:
            yield flow
        self.accepted |= flow.accepted()

    def strikes(self) -> None:
        """It begins now: what runs at this moment is in its hand."""
        self._in_hand |= self.ledger.running()

    def touches(self, jobs: Iterable[Job]) -> None:
        """It hinders these, too: it isn't overcome before they have ended."""
        self._in_hand |= {job.id for job in jobs}

    def lasts(self, seconds: float | None = None) -> None:
        """Let it last as long as the form says, or so many seconds."""
        threading.Event().wait(seconds or self.form.outage_seconds)

    def is_over(self) -> None:
        """It ends now, or nothing more will be killed."""
        self._over_at = datetime.now(UTC)
        (probe,) = self.submit(1, 0.0, priority=Priority.CRITICAL)
        self._in_hand.add(probe.id)

    def await_recovery(self) -> float:
        """Wait until what the fault had in hand has ended, and what came after it; how long that took."""
        assert self._over_at is not None, "the fault goes on"
        wait_until(lambda: self.ledger.are_finished(self._in_hand), 3 * self.within_seconds, "the fault to be overcome")
        self._recovered_seconds = self._seconds_until_ended(self._in_hand)
        return self._recovered_seconds

    def jobs(self) -> dict[str, Job]:
        """Every job that came since the fault was faced."""
        return {job_id: job for job_id, job in self.ledger.jobs().items() if job_id not in self._before}

    def await_end(self) -> None:
        """Wait until every job has ended."""
        wait_until(self.ledger.is_done, self.form.all_ended_seconds, "every job to end")
        if self._all_ended_seconds is None and self._over_at is not None:
            self._all_ended_seconds = self._seconds_until_ended(self.jobs())

    def _seconds_until_ended(self, job_ids: Collection[str]) -> float:
        """From the end of the fault until the last of these ended: by their rows, whenever it is that somebody asks."""
        ends = [job.finished_at for job_id, job in self.ledger.jobs().items() if job_id in job_ids if job.finished_at]
        assert self._over_at is not None
        return max(0.0, (max(ends) - self._over_at).total_seconds())

    def row(self) -> Row:
        """What there is to say by now."""
        there = self.jobs()
        ended = sum(job.state in FINISHED for job in there.values())
        lost = len(self.accepted - there.keys())
        return Row(
            fault=self.name,
            database=self.ledger.services.database.dialect,
            submitted=len(self.accepted | there.keys()),
            ended=ended,
            lost=lost,
            stuck=len(there) - ended,
            started_twice=sum(count > 1 for count in self.stamps.begun().values()),
            beyond=sum(count > 1 for count in self.stamps.begun_attempts().values()),
            recovered_seconds=self._recovered_seconds,
            all_ended_seconds=self._all_ended_seconds,
            remark=self.remark,
        )

    def assert_completed(self, *, at_once: bool = False) -> None:
        """Every job completed; `at_once`: by its first attempt."""
        jobs = self.jobs().values()
        assert {job.state for job in jobs} == {JobState.COMPLETED}
        if at_once:
            assert {(job.attempt, job.failures) for job in jobs} == {(1, 0)}
            assert set(self.stamps.begun().values()) == {1}


Face = Callable[..., AbstractContextManager[Fault]]
"""`facing` with all but the name and the ledger given; so `with face("…", mill) as fault`."""


@contextmanager
def facing(
    drill: Drill, form: Form, stamps: Stamps, name: str, ledger: Ledger, within_seconds: float = RECOVERED_SECONDS
) -> Iterator[Fault]:
    """Face a fault: in the block, submit, and call `strikes` and `is_over`. At its end all must be well again."""
    fault = Fault(name, ledger, form, stamps, within_seconds)
    try:
        yield fault
        fault.await_recovery()
        fault.await_end()
    finally:
        with suppress(Exception):  # what went wrong is told by what is on its way up
            drill.rows.append(fault.row())
    row = drill.rows[-1]
    assert row.faults() == {}
    assert row.submitted == row.ended
    assert row.recovered_seconds is not None
    assert row.recovered_seconds <= within_seconds
