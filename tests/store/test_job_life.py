"""The life of jobs under all that happens to them, step by step beside a model: what is kept always agrees with it.

Wishes come late, twice, together, and from workers that were given up; writers die before their COMMIT, and replies to
COMMITs get lost. Two processes with a service each share one database, and the broker behind them forgets.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import cycle, permutations
from typing import ClassVar, TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from millrace.accounts.account import Account
from millrace.jobs.job import Delivery, Job, NewJob, Progress
from millrace.jobs.outcome import Claim, Completed, Failed, Outcome, RetriedLater, Settlement, Yielded
from millrace.jobs.service import JobService
from millrace.jobs.states import FINISHED, UNFINISHED, JobState
from millrace.store import group_commit
from millrace.store.migrate import upgrade
from tests.factories import AN_ERROR, a_new_job
from tests.jobs.job_life_model import Answer, Cancel, Joinable, Requeue, TakeBack, Wish, World
from tests.store.lives import SideBySide, forget_all, let_a_day_pass, now_of
from tests.store.one_process import ADA, BOB, ISOLATED, SHARING, OneProcess, Outbox
from tests.store.unreliable_database import Crash, Fault, ReplyLost, Slow, UnreliableDatabase

T = TypeVar("T")

LIVES = int(os.environ.get("MILLRACE_TEST_LIVES", "50"))
"""How many sequences of steps to try: always the same ones, so that a test that fails, fails again. More find more; for
many, say `pytest -o faulthandler_timeout=0`.
"""
AS_DRAWN = 10
"""After so many lives Hypothesis tries variants of what it drew; it finds more by drawing anew."""
MOST_JOBS, AT_ONCE, A_DAY = 5, range(3, 6), timedelta(days=1)
PROCESSES = ("p1", "p2", "p3")
HOW = "was ended by SIGSEGV"

AT = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 5, 7))
"""Counted from what is most likely to be granted, so that most wishes have some effect."""
ON = st.sampled_from(PROCESSES)
MOSTLY_ZERO = st.sampled_from((0, 0, 0, 0, 0, 0, 1, -1))
SELDOM = st.sampled_from((False, False, False, False, True))
LOST = ReplyLost()
FAULTS: st.SearchStrategy[Sequence[Fault]] = st.sampled_from(
    ((), (), (), (), (LOST,), (LOST, LOST), (Crash(1),), (Crash(2), LOST), (LOST, Crash(2)), (Crash(0), Crash(3), LOST))
)
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.sampled_from((Completed(), Completed({"n": 1}), Yielded())),
    st.builds(Failed, st.just(AN_ERROR), st.booleans()),
    st.builds(RetriedLater, st.just(AN_ERROR), st.sampled_from((timedelta(), A_DAY / 2)), st.booleans()),
)


class JobLifeMachine(RuleBasedStateMachine):
    """Does to the services what it does to the model."""

    databases: ClassVar[Sequence[UnreliableDatabase]]
    threads: ClassVar[ThreadPoolExecutor]

    def __init__(self) -> None:
        super().__init__()
        forget_all(self.databases[0])
        self.outbox = Outbox()
        self.processes = [OneProcess(database, self.outbox) for database in self.databases]
        self.turns = cycle(self.processes)
        self.takers = cycle(PROCESSES[:2])
        self.pair = SideBySide(self.databases[0], self.outbox)
        self.claims: list[Claim] = []
        self.seen_running: Sequence[Job] = ()
        self.asked: list[Wish] = []
        self.on_their_way: list[Wish] = []

    # What is asked about one job, now or later

    @initialize(faults=st.sampled_from(((), (), (LOST,), (Crash(1),))), max_attempts=st.sampled_from((1, 2, 5, 5)))
    def begin(self, faults: Sequence[Fault], max_attempts: int) -> None:
        now = self.pair.now
        for handler, run_at in ((SHARING, None), (ISOLATED, now - A_DAY), (SHARING, now + A_DAY / 2), (SHARING, None)):
            new_job, job = next(self.turns).submit(handler, len(self.pair.lives), run_at, max_attempts, faults)
            self.pair.compare([self.pair.told([new_job])], [job])
            self.asked.append(replace(new_job, payload={}))
        self.fetch("p1", 1, ())

    @rule(process_id=ON, wanted=st.integers(1, 3), faults=FAULTS)
    def fetch(self, process_id: str, wanted: int, faults: Sequence[Fault]) -> None:
        """A process takes what waits in the broker."""
        for delivery in [*self.outbox.held][:wanted]:
            self._claim(delivery, process_id, faults)

    @rule(at=AT, offset=MOSTLY_ZERO, process_id=ON, faults=FAULTS, later=st.booleans())
    def deliver(self, at: int, offset: int, process_id: str, faults: Sequence[Fault], later: bool) -> None:
        """One of all deliveries that were ever sent comes to a process, perhaps not for the first time."""
        delivery = self.outbox.sent[-1 - at % len(self.outbox.sent)]
        self._claim(Delivery(delivery.job_id, delivery.attempt + offset), process_id, faults, later)

    @rule(at=AT, offset=MOSTLY_ZERO, alien=SELDOM, outcome=OUTCOMES, faults=FAULTS, later=st.booleans())
    def settle(self, at: int, offset: int, alien: bool, outcome: Outcome, faults: Sequence[Fault], later: bool) -> None:
        """By anybody who ever wished to claim: who runs the job, who was refused, who was given up for lost."""
        running = {row.token: 1 + row.cancel_requested for row in self._keep_busy()}
        claim = _pick(self.claims, at, lambda claim: running.get(claim.token, 0))
        step = Progress(claim.job_id, ADA.id, claim.attempt, 1 + at, at / 8, f"step {at}")
        self._befall(lambda jobs: jobs.report_progress(step, store=True), lambda world: world.note(step))
        token = str(uuid4()) if alien else claim.token
        self._ask(Settlement(claim.job_id, claim.attempt + offset, token, outcome), faults, later)

    @rule(at=AT, times=st.integers(1, 3))
    def crash(self, at: int, times: int) -> None:
        """A job kills the process that it has to itself, time after time."""
        self._keep_busy()
        job_id = self._a_job(at, (JobState.RUNNING,)).id
        for _ in range(times):
            row = self.pair.lives[job_id].row
            if row.state is JobState.QUEUED:
                self._claim(row.delivery, "p3")
            elif row.state is JobState.RUNNING:
                killed = RetriedLater(AN_ERROR, timedelta(), is_crash=True)
                self._ask(Settlement(job_id, row.attempt, row.token or "", killed))
                self.schedule(3, True, False, ())

    @rule(at=AT, by=st.sampled_from((ADA, BOB)), faults=FAULTS, later=SELDOM)
    def cancel(self, at: int, by: Account, faults: Sequence[Fault], later: bool) -> None:
        self._ask(Cancel(self._a_job(at, UNFINISHED).id, by), faults, later)
        stopping = {row.id: row.worker_id for row in self.pair.rows(JobState.RUNNING) if row.cancel_requested}
        assert next(self.turns).hear_of_cancellations(PROCESSES) == stopping

    @rule(at=AT, faults=FAULTS, later=SELDOM)
    def ask_again(self, at: int, faults: Sequence[Fault], later: bool) -> None:
        """Any earlier wish: because its reply was lost, or it was sent twice."""
        self._ask(self.asked[-1 - at % len(self.asked)], faults, later)

    @rule(at=AT, faults=FAULTS, later=SELDOM)
    def requeue(self, at: int, faults: Sequence[Fault], later: bool) -> None:
        self._ask(Requeue(self._a_job(at, FINISHED).id), faults, later)

    @rule(at=AT, looks=st.booleans(), faults=FAULTS, later=SELDOM)
    def take_back(self, at: int, looks: bool, faults: Sequence[Fault], later: bool) -> None:
        """By a scheduler that perhaps looked long ago."""
        if looks:
            busy = {row.id: row for row in self._keep_busy()}
            self.seen_running = next(self.turns).jobs.running()
            assert {row.id: row for row in self.seen_running} == busy
        if self.seen_running:
            self._ask(TakeBack(self.seen_running[at % len(self.seen_running)]), faults, later)

    @rule(services=st.sampled_from((1, 1, 2)))
    def all_arrive_at_once(self, services: int) -> None:
        """Whatever is on its way, each in a thread of its own: it ends as if one had come after the other."""
        for delivery in [*self.outbox.held][:1] * 2:
            self._claim(delivery, "p1", later=True)
        if len(self.on_their_way) < AT_ONCE.start:
            return
        # What the group commit takes goes first, so that the others gather behind it.
        wishes = sorted(self.on_their_way[-AT_ONCE[-1] :], key=lambda wish: not isinstance(wish, Joinable))
        self.on_their_way = []
        arrived: list[Wish] = []
        self.databases[0].faults.append(Slow(lambda: len(arrived) == len(wishes)))

        def ask(process: OneProcess, wish: Wish) -> Answer:
            arrived.append(wish)
            return process.ask(wish)

        answers = list(self.threads.map(ask, cycle(self.processes[:services]), wishes, timeout=30))
        self.databases[0].faults.clear()
        self.pair.compare((self.pair.told(wishes, order) for order in permutations(range(len(wishes)))), answers)

    @rule(faults=FAULTS, new=st.booleans())
    def some_arrive_in_one_batch(self, faults: Sequence[Fault], new: bool) -> None:
        """Of what is on its way, what may share a transaction."""
        joined: dict[str, Joinable] = {}
        for wish in self.on_their_way:
            if isinstance(wish, Joinable):
                joined.setdefault(wish.id if isinstance(wish, NewJob) else wish.job_id, wish)
        if new and len(self.pair.lives) < MOST_JOBS:
            joined["new"] = a_new_job()
        if len(joined) < 2:
            return
        self.on_their_way = []
        process, wishes = next(self.turns), list(joined.values())
        answers, unheard = process.until_answered(lambda _: process.ask_in_one_batch(wishes), faults)
        self.pair.compare([self.pair.told(wishes, times=1 + unheard)], answers, heard=False)

    # What happens to all jobs of a process, and by itself

    @rule(process_id=ON, end=st.sampled_from(("silence", "a stop", "a death", "a death")), faults=FAULTS)
    def lose_process(self, process_id: str, end: str, faults: Sequence[Fault]) -> None:
        self._keep_busy()
        if end == "silence":
            self._befall(lambda jobs: jobs.rescue_from(process_id), lambda world: world.fall_silent(process_id), faults)
        elif end == "a stop":
            self._befall(lambda jobs: jobs.yield_all(process_id), lambda world: world.stop(process_id), faults)
        else:
            self._befall(
                lambda jobs: jobs.report_death(process_id, HOW),
                lambda world: world.die(process_id, HOW, {ISOLATED.type}, SHARING.retry),
                faults,
            )

    @rule(limit=st.integers(1, 3), early=SELDOM, forgotten=SELDOM, faults=FAULTS)
    def schedule(self, limit: int, early: bool, forgotten: bool, faults: Sequence[Fault]) -> None:
        """A round of the scheduler: what is due is queued, and what is queued is sent, whatever the broker forgot."""
        if not early:
            let_a_day_pass(self.databases[0])
            self.pair.look_again()
        if forgotten:
            self.outbox.held.clear()
        _, unheard = next(self.turns).until_answered(lambda jobs: jobs.promote_due(limit), faults)
        worlds = [self.pair.world()]
        for _ in range(1 + unheard):
            worlds = [after for world in worlds for after in world.promotions(limit, now_of(self.databases[0]))]
        self.pair.compare(((world, []) for world in worlds), heard=not unheard)
        next(self.turns).resend_unsent(limit)
        assert {row.delivery for row in self.pair.rows(JobState.QUEUED)} <= self.outbox.held.keys()

    def teardown(self) -> None:
        """Nothing is lost and nothing is stuck: whatever happened, every job can be brought to its end."""
        if sys.exc_info()[0] is not None:
            return
        self.outbox.held.clear()  # so that nothing new begins
        for process_id in PROCESSES:
            self.lose_process(process_id, "silence", ())
        self.schedule(MOST_JOBS, False, True, ())
        for job in next(self.turns).jobs.queued_after(None, 10):
            claim = self._claim(job.delivery, "p1")
            self._ask(Settlement(job.id, job.attempt, claim.token, Completed()))
        assert {row.state for row in self.pair.rows()} <= FINISHED

    # Both sides of a step

    def _keep_busy(self) -> Sequence[Job]:
        """Let processes take what waits until three jobs run, or much of what follows would have no effect."""
        while len(running := self.pair.rows(JobState.RUNNING)) < 3 and self.outbox.held:
            self._claim(next(iter(self.outbox.held)), next(self.takers))
        return running

    def _claim(self, delivery: Delivery, process_id: str, faults: Sequence[Fault] = (), later: bool = False) -> Claim:
        self.outbox.held.pop(delivery, None)
        self.claims.append(Claim(delivery.job_id, delivery.attempt, str(uuid4()), process_id))
        self._ask(self.claims[-1], faults, later)
        return self.claims[-1]

    def _ask(self, wish: Wish, faults: Sequence[Fault] = (), later: bool = False) -> None:
        self.asked.append(wish)
        if later:
            self.on_their_way.append(wish)
            return
        process = next(self.turns)
        answer, unheard = process.until_answered(lambda _: process.ask(wish), faults)
        self.pair.compare([self.pair.told([wish], times=1 + unheard)], [answer], heard=not unheard)

    def _befall(
        self, happen: Callable[[JobService], object], expect: Callable[[World], None], faults: Sequence[Fault] = ()
    ) -> None:
        _, unheard = next(self.turns).until_answered(happen, faults)
        world = self.pair.world()
        for _ in range(1 + unheard):
            expect(world)
        self.pair.compare([(world, [])], heard=not unheard)

    def _a_job(self, at: int, states: Collection[JobState]) -> Job:
        return _pick(self.pair.rows(), at, lambda row: (row.state in states) * (1 + (row.state is JobState.RUNNING)))


def _pick(things: Sequence[T], at: int, rank: Callable[[T], int]) -> T:
    """One of `things`, counted from the newest of those with the highest rank."""
    return sorted(things, key=rank)[-1 - at % len(things)]


@pytest.fixture
def machine(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[JobLifeMachine]]:
    # One repetition without a pause, so that the next fault comes through to whoever asked.
    monkeypatch.setattr(group_commit, "PAUSES_SECONDS", (0.0,))
    JobLifeMachine.databases = [UnreliableDatabase(database_url) for _ in range(2)]
    upgrade(JobLifeMachine.databases[0])
    with ThreadPoolExecutor(AT_ONCE[-1]) as JobLifeMachine.threads:
        yield JobLifeMachine
    for database in JobLifeMachine.databases:
        database.close()


@pytest.mark.flow
def test_whatever_happens_jobs_are_as_the_model_says(machine: type[JobLifeMachine]) -> None:
    bounds = settings(
        max_examples=AS_DRAWN,
        stateful_step_count=60,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    for number in range(LIVES // AS_DRAWN):
        run_state_machine_as_test(seed(number)(machine), settings=bounds)
