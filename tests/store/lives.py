"""Whole lives of jobs as the database keeps them, held against those of the model."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta

import sqlalchemy as sa

from millrace.jobs.job import AttemptRecord, Job
from millrace.jobs.states import JobState
from millrace.store.database import Database
from millrace.store.moves import ROW, job_of
from millrace.store.tables import attempts, job_payloads, job_results, jobs
from millrace.store.types import utc_now
from tests.jobs.job_life_model import WAITING, Answer, Life, Wish, World, assert_lawful
from tests.store.one_process import Outbox

ROUNDING = timedelta(milliseconds=1)
"""SQLite counts in milliseconds."""
_NOTHING = "nothing"

Lives = dict[str, Life]
Told = tuple[World, Sequence[Answer]]
"""How the world may be after a step, and what may have been answered."""


def read_lives(database: Database) -> tuple[dict[str, Life], datetime]:
    """All that is kept of all jobs, and the database's time after the reading."""

    def work(connection: sa.Connection) -> tuple[dict[str, Life], datetime]:
        records: dict[str, list[AttemptRecord]] = defaultdict(list)
        for row in connection.execute(_RECORDS):
            records[row.job_id].append(AttemptRecord(**row._mapping))
        lives = {
            row.id: Life(job_of(row), row.payload, row.result, tuple(records[row.id]))
            for row in connection.execute(_LIVES)
        }
        return lives, connection.execute(_NOW).scalar_one()

    return database.read(work)


_RECORDS = sa.select(attempts).order_by(attempts.c.number)
_LIVES = (
    sa.select(*ROW, job_payloads.c.payload, job_results.c.result)
    .select_from(jobs.outerjoin(job_payloads).outerjoin(job_results, job_results.c.job_id == jobs.c.id))
    .order_by(jobs.c.id)
)
_NOW = sa.select(utc_now())


def now_of(database: Database) -> datetime:
    """The database's time."""
    return read_lives(database)[1]


def let_a_day_pass(database: Database) -> None:
    """Bring every time that a job waits for a day nearer."""
    waiting = sa.select(jobs.c.id, jobs.c.run_at).where(jobs.c.state.in_(WAITING))

    def work(connection: sa.Connection) -> None:
        for job_id, run_at in connection.execute(waiting).all():
            connection.execute(jobs.update().where(jobs.c.id == job_id).values(run_at=run_at - timedelta(days=1)))

    database.write(work)


def forget_all(database: Database) -> None:
    """Remove every job and all that belongs to it."""
    database.write(lambda connection: connection.execute(jobs.delete()))


class SideBySide:
    """What is kept of jobs, beside the model: `lives`, as they were at the time `now` when both agreed last."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        self.look_again()

    def look_again(self) -> None:
        """Take what is kept as it is."""
        self.lives, self.now = read_lives(self._database)

    def rows(self, *states: JobState) -> list[Job]:
        """The rows in one of `states`; all, where none is named."""
        return [life.row for life in self.lives.values() if not states or life.row.state in states]

    def world(self) -> World:
        """The model of what is kept."""
        return World(self.lives, self.now)

    def told(self, wishes: Sequence[Wish], order: Sequence[int] | None = None, times: int = 1) -> Told:
        """The world after `wishes`, and the last answers to them."""
        world, answers = self.world(), dict[int, Answer]()
        for at in [*(range(len(wishes)) if order is None else order)] * times:
            answers[at] = world.ask(wishes[at])
        return world, [answers[at] for at in range(len(wishes))]

    def compare(self, possible: Iterable[Told], answers: Sequence[Answer] = (), *, heard: bool = True) -> None:
        """Hold what is kept and was answered against all that is possible: one of them must be so.

        Args:
            heard: Whether the service heard of every move, so that it told others.
        """
        lives, now = read_lives(self._database)
        closest: list[str] | None = None
        for told in possible:
            found = _differences(told, (lives, answers), now - self.now, self.now)
            closest = found if closest is None else min(closest, found, key=len)
            if not closest:
                break
        assert closest == [], "\n".join(closest or ())
        for life in lives.values():
            assert_lawful(life)
        self._compare_what_went_out(lives, heard=heard)
        self.lives, self.now = lives, now

    def _compare_what_went_out(self, lives: Lives, *, heard: bool) -> None:
        announced = {(job.id, job.version): job for job in self._outbox.announced}
        self._outbox.announced.clear()
        for job in announced.values():
            assert job.version < lives[job.id].row.version or job == lives[job.id].row
        for job_id, life in lives.items() if heard else ():
            before = self.lives[job_id].row.version if job_id in self.lives else 0
            moves = range(before + 1, life.row.version + 1)
            assert all((job_id, version) in announced for version in moves)
            if moves and life.row.state is JobState.QUEUED:
                assert life.row.delivery in self._outbox.held


def _differences(told: Told, kept: tuple[Lives, Sequence[Answer]], patience: timedelta, begun: datetime) -> list[str]:
    """What isn't as told. A time that is told from `begun` on may really be later, by as long as the step took."""
    (world, answers), (lives, real_answers) = told, kept
    unlike = [job_id for job_id in world.lives | lives if world.lives.get(job_id) != lives.get(job_id)]
    said, seen = dict(_fields(unlike, world.lives, answers)), dict(_fields(unlike, lives, real_answers))
    jitters = {f"run_at of {job_id}": life.jitter for job_id, life in world.lives.items()}

    def agree(name: str) -> bool:
        expected, found = said.get(name, _NOTHING), seen.get(name, _NOTHING)
        if isinstance(expected, datetime) and isinstance(found, datetime) and expected >= begun:
            jitter = jitters.get(name.partition(", answered")[0], timedelta())
            return expected - jitter - ROUNDING <= found <= expected + patience + ROUNDING
        return expected == found

    names = [name for name in said | seen if not agree(name)]
    return [f"{name}: expected {said.get(name, _NOTHING)!r}, found {seen.get(name, _NOTHING)!r}" for name in names]


def _fields(job_ids: Sequence[str], lives: Lives, answers: Sequence[Answer]) -> Iterator[tuple[str, object]]:
    for life in (lives[job_id] for job_id in job_ids if job_id in lives):
        job_id = life.row.id
        yield from ((f"{field.name} of {job_id}", getattr(life.row, field.name)) for field in fields(Job))
        yield f"payload of {job_id}", life.payload
        yield f"result of {job_id}", life.result
        for record in life.records:
            for field in fields(AttemptRecord):
                yield f"{field.name} of attempt {record.number} of {job_id}", getattr(record, field.name)
    for at, answer in enumerate(answers):
        yield f"answer {at}", "a row" if isinstance(answer, Job) else answer
        if isinstance(answer, Job):
            for field in fields(Job):
                yield f"{field.name} of {answer.id}, answered {at}", getattr(answer, field.name)
