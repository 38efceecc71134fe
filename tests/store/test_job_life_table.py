"""Every verb tried on a job in every state: the table's moves are made, and all others leave everything as it was."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from millrace.jobs.job import Job
from millrace.jobs.outcome import Claim, Completed, Failed, Outcome, RetriedLater, Settlement, Yielded
from millrace.jobs.states import MOVES, JobState, Verb, is_allowed
from millrace.store.job_store import SqlJobStore
from millrace.store.migrate import upgrade
from tests.factories import AN_ERROR, JobsInStates, a_new_job, an_id
from tests.jobs.job_life_model import WAITING, Cancel, Requeue, TakeBack, Wish
from tests.store.lives import SideBySide, let_a_day_pass, now_of
from tests.store.one_process import ADA, BOB, OneProcess, Outbox
from tests.store.unreliable_database import UnreliableDatabase

OUTCOMES: dict[Verb, Outcome] = {
    Verb.COMPLETE: Completed({"n": 1}),
    Verb.FAIL: Failed(AN_ERROR, is_crash=True),
    Verb.RETRY_LATER: RetriedLater(AN_ERROR, timedelta(hours=1)),
    Verb.YIELD: Yielded(),
}


@pytest.fixture
def database(database_url: str) -> Iterator[UnreliableDatabase]:
    database = UnreliableDatabase(database_url)
    upgrade(database)
    yield database
    database.close()


def a_job_in_every_situation(database: UnreliableDatabase) -> dict[str, Job]:
    """A job in each state; one more that runs and was asked to stop, and those whose time has come."""
    store = SqlJobStore(database)
    jobs = JobsInStates(store)
    due = {f"{state}, due": jobs.in_state(state) for state in WAITING}
    let_a_day_pass(database)
    stopping = jobs.in_state(JobState.RUNNING)
    store.cancel(stopping.id, BOB.id)
    return {**due, "running, to be cancelled": stopping, **{state.value: jobs.in_state(state) for state in JobState}}


def a_wish(verb: Verb, row: Job) -> Wish:
    """To do `verb`, by whoever has the best claim to it."""
    token = row.token or str(uuid4())
    match verb:
        case Verb.SUBMIT:
            return a_new_job(id=row.id, payload={"seconds": 2})
        case Verb.CLAIM:
            return Claim(row.id, row.attempt, str(uuid4()), an_id())
        case Verb.CANCEL:
            return Cancel(row.id, ADA)
        case Verb.REQUEUE:
            return Requeue(row.id)
        case Verb.RESCUE:
            return TakeBack(replace(row, token=token))
        case _:
            return Settlement(row.id, row.attempt, token, OUTCOMES[verb])


@pytest.mark.parametrize("verb", list(Verb))
def test_a_verb_moves_jobs_as_the_table_says_and_changes_nothing_else(database: UnreliableDatabase, verb: Verb) -> None:
    outbox = Outbox()
    process = OneProcess(database, outbox)
    jobs = a_job_in_every_situation(database)
    pair = SideBySide(database, outbox)
    for situation, job in jobs.items():
        lives, before = pair.lives, pair.lives[job.id].row
        if verb is Verb.PROMOTE:
            process.jobs.promote_due(1)
            pair.compare((world, []) for world in pair.world().promotions(1, now_of(database)))
        else:
            wish = a_wish(verb, before)
            pair.compare([pair.told([wish])], [process.ask(wish)])
        after = pair.lives[job.id].row
        moves = is_allowed(verb, before.state)
        if verb is Verb.PROMOTE:
            moves = moves and situation.endswith(", due")
        elif verb is Verb.CANCEL:
            moves = moves and not before.cancel_requested

        assert after.version == before.version + moves, situation
        if moves:
            assert after.state in MOVES[verb].ends, situation
            assert pair.lives | {job.id: lives[job.id]} == lives, situation
        else:
            assert pair.lives == lives, situation


def test_whoever_cancels_a_moment_after_somebody_else_changes_nothing(database: UnreliableDatabase) -> None:
    """The service looks first; between the look and the move the row's guard alone stands in the way."""
    stopping = a_job_in_every_situation(database)["running, to be cancelled"]
    pair = SideBySide(database, Outbox())

    assert SqlJobStore(database).cancel(stopping.id, ADA.id) is None
    pair.compare([pair.told([])])
