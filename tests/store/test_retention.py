"""Finished jobs go when they are old enough, whole or not at all, and page after page costs the same."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from millrace.jobs.job import Job, LogLine
from millrace.jobs.ports import StoredFile
from millrace.jobs.states import FINISHED, JobState, Verb
from millrace.jobs.visibility import EVERYTHING
from millrace.store import moves
from millrace.store.account_store import SqlAccountStore
from millrace.store.batch_rows import encode
from millrace.store.database import Database
from millrace.store.file_store import FileStore
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from millrace.store.migrate import upgrade
from millrace.store.retention import prune
from millrace.store.tables import attempts, job_logs, job_payloads, job_results, metadata
from millrace.store.tables import jobs as jobs_table
from millrace.store.types import seconds_from_now
from tests.factories import JobsInStates, an_id
from tests.store.plans import plans_of
from tests.store.test_file_store import a_new_file

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
OLD = 2 * MONTH
BELONGINGS = [
    table for table in metadata.tables.values() if any(key.column.table is jobs_table for key in table.foreign_keys)
]


@pytest.fixture
def files(database: Database) -> FileStore:
    return FileStore(database)


def age(database: Database, job: Job, by: timedelta) -> Job:
    """Let `job` have finished longer ago."""
    statement = jobs_table.update().where(jobs_table.c.id == job.id)
    finished_at = seconds_from_now(-by.total_seconds())
    database.write(lambda connection: connection.execute(statement.values(finished_at=finished_at)))
    return job


def an_artifact(files: FileStore, job: Job, attempt: int = 1) -> StoredFile:
    stored, _ = files.add(a_new_file(job_id=job.id, attempt=attempt, owner_id=job.submitter_id))
    return stored


def still_there(queries: SqlJobQueries, *of: Job) -> list[bool]:
    return [queries.get(job.id, EVERYTHING) is not None for job in of]


def rows_of(database: Database, job: Job) -> dict[str, int]:
    """How many rows each table holds that belongs to jobs."""

    def count(connection: sa.Connection) -> dict[str, int]:
        counts = {table.name: sa.select(sa.func.count()).where(table.c.job_id == job.id) for table in BELONGINGS}
        return {name: connection.scalars(statement).one() for name, statement in counts.items()}

    return database.read(count)


@pytest.mark.parametrize("state", sorted(FINISHED))
def test_jobs_of_one_state_go_when_they_finished_longer_ago_than_they_are_kept(
    database: Database, store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates, state: JobState
) -> None:
    old, young = age(database, jobs.in_state(state), MONTH + DAY), age(database, jobs.in_state(state), MONTH - DAY)
    others = [age(database, jobs.in_state(other), OLD) for other in sorted(FINISHED - {state})]
    assert store.prune(state, MONTH, 10) == 1
    assert still_there(queries, old, young, *others) == [False, True, True, True]
    assert store.prune(state, MONTH, 10) == 0


def test_a_job_that_waits_or_runs_is_never_old(database: Database, store: SqlJobStore, jobs: JobsInStates) -> None:
    for state in set(JobState) - FINISHED:
        jobs.in_state(state)
    long_ago = seconds_from_now(-OLD.total_seconds())
    times = dict.fromkeys(("created_at", "run_at", "queued_at", "started_at"), long_ago)
    database.write(lambda connection: connection.execute(jobs_table.update().values(times)))
    assert [store.prune(state, DAY, 10) for state in JobState] == [0] * len(JobState)


def test_a_page_takes_the_oldest_and_no_more_than_its_limit(
    database: Database, store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates
) -> None:
    by_age = [age(database, jobs.in_state(JobState.FAILED), OLD + days * DAY) for days in (1, 3, 2)]
    assert store.prune(JobState.FAILED, MONTH, 2) == 2
    assert still_there(queries, *by_age) == [True, False, False]


def test_with_a_job_goes_all_that_belongs_to_it(
    database: Database, store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates
) -> None:
    old, other = (jobs.in_state(JobState.COMPLETED) for _ in range(2))
    at = datetime.now(UTC)
    for job in (old, other):
        store.append_logs(job.id, [LogLine(job.id, job.submitter_id, 1, seq, at, "info", "so far") for seq in (1, 2)])
    before = {"job_payloads": 1, "job_results": 1, "attempts": 1, "job_logs": 2}
    assert rows_of(database, old) == rows_of(database, other) == before
    age(database, old, OLD)
    assert store.prune(JobState.COMPLETED, MONTH, 10) == 1
    assert rows_of(database, old) == dict.fromkeys(before, 0)
    assert rows_of(database, other) == before


def test_what_belongs_to_a_job_is_found_by_an_index() -> None:
    """A cascade looks once per job into each of these tables."""
    assert set(BELONGINGS) == {job_payloads, job_results, attempts, job_logs}
    for table in BELONGINGS:
        assert next(iter(table.primary_key.columns)).name == "job_id"


def test_artifacts_of_every_attempt_are_discarded_and_seen_no_more(
    database: Database, store: SqlJobStore, files: FileStore, jobs: JobsInStates
) -> None:
    old, young = jobs.in_state(JobState.COMPLETED), jobs.in_state(JobState.COMPLETED)
    going = [an_artifact(files, old, attempt) for attempt in (1, 2)]
    staying = [an_artifact(files, young), files.add(a_new_file(owner_id=old.submitter_id))[0]]
    age(database, old, OLD)
    assert files.discarded(10) == []
    assert store.prune(JobState.COMPLETED, MONTH, 10) == 1
    assert set(files.discarded(10)) == {file.id for file in going}
    assert files.get_files([file.id for file in (*going, *staying)]) == staying
    assert files.artifacts_of(old.id, 1) == []
    assert files.artifact_named(old.id, going[0].name) is None


def test_discarded_files_wait_in_line_until_they_are_forgotten(
    database: Database, store: SqlJobStore, files: FileStore, jobs: JobsInStates
) -> None:
    ids = []
    for _ in range(3):
        job = jobs.in_state(JobState.COMPLETED)
        ids.append(an_artifact(files, job).id)
        age(database, job, OLD)
        store.prune(JobState.COMPLETED, MONTH, 1)
    assert files.discarded(2) == ids[:2]
    files.put_off(ids[:1])
    assert files.discarded(3) == [ids[1], ids[2], ids[0]]
    files.forget(ids[1:])
    files.forget(ids[1:])
    assert files.discarded(3) == ids[:1]


def test_a_job_that_is_being_sent_again_survives_with_its_artifacts(
    database: Database, store: SqlJobStore, queries: SqlJobQueries, files: FileStore, jobs: JobsInStates
) -> None:
    job, other = (age(database, jobs.in_state(JobState.COMPLETED), OLD) for _ in range(2))
    artifact = an_artifact(files, job)
    requeued, pruned = threading.Event(), threading.Event()

    def requeue(connection: sa.Connection) -> None:
        connection.execute(moves.BY_VERB[Verb.REQUEUE](database.dialect), encode([{"id": job.id}]))
        requeued.set()
        # PostgreSQL's prune passes the job by. SQLite's waits for this transaction's end.
        assert database.dialect == "sqlite" or pruned.wait(10)

    with ThreadPoolExecutor(1) as somebody:
        committed = somebody.submit(database.write, requeue)
        assert requeued.wait(10)
        assert store.prune(JobState.COMPLETED, MONTH, 10) == 1
        pruned.set()
        committed.result()
    assert still_there(queries, job, other) == [True, False]
    assert store.prune(JobState.COMPLETED, MONTH, 10) == 0
    assert files.get_files([artifact.id]) == [artifact]
    assert files.discarded(10) == []


def test_a_job_that_is_just_going_isnt_sent_again(
    database: Database, store: SqlJobStore, files: FileStore, jobs: JobsInStates
) -> None:
    job = age(database, jobs.in_state(JobState.COMPLETED), OLD)
    artifact = an_artifact(files, job)
    with ThreadPoolExecutor(1) as somebody:

        def work(connection: sa.Connection) -> Any:
            assert prune(connection, JobState.COMPLETED, MONTH, 10) == 1
            return somebody.submit(store.requeue, job.id)

        assert database.write(work).result() is None
    assert files.discarded(10) == [artifact.id]


def test_two_schedulers_that_prune_at_once_take_no_job_twice(
    database: Database, store: SqlJobStore, jobs: JobsInStates
) -> None:
    for _ in range(40):
        age(database, jobs.in_state(JobState.CANCELLED), OLD)
    with ThreadPoolExecutor(4) as schedulers:
        pages = list(schedulers.map(lambda _: store.prune(JobState.CANCELLED, MONTH, 5), range(12)))
    assert sum(pages) == 40


def test_a_page_is_found_by_indexes_however_much_else_is_old(
    database: Database, store: SqlJobStore, jobs: JobsInStates
) -> None:
    add_copies(database, age(database, jobs.in_state(JobState.COMPLETED), OLD + DAY), 10_000)
    add_copies(database, age(database, jobs.in_state(JobState.FAILED), OLD), 2_000)
    if database.dialect == "postgresql":
        database.write(lambda connection: connection.execute(sa.text("ANALYZE jobs")))
    plan, _ = plans_of(database, lambda: store.prune(JobState.FAILED, MONTH, 20))
    assert "ix_jobs_finished" in plan
    assert re.search("pk_jobs|sqlite_autoindex_jobs_1", plan), plan
    assert not re.search(r"(SCAN|Seq Scan on) jobs", plan), plan


def test_files_and_sessions_to_remove_are_found_by_indexes(sqlite_url: str) -> None:
    """On SQLite alone: PostgreSQL rightly scans tables this small."""
    database = Database(sqlite_url)
    upgrade(database)
    store, files, accounts = SqlJobStore(database), FileStore(database), SqlAccountStore(database)
    expected: dict[str, Callable[[], object]] = {
        "files USING INDEX sqlite_autoindex_files_2": lambda: store.prune(JobState.FAILED, MONTH, 9),
        "files USING (COVERING )?INDEX ix_files_discarded": lambda: files.discarded(9),
        "sessions USING (COVERING )?INDEX ix_sessions_expires_at": lambda: accounts.forget_sessions(DAY, 9),
    }
    for index, ask in expected.items():
        plans = plans_of(database, ask)
        assert any(re.search(index, plan) for plan in plans), (index, plans)
        assert not any(re.search("SCAN (files|sessions)$", plan, re.MULTILINE) for plan in plans), plans
    database.close()


def add_copies(database: Database, job: Job, count: int) -> None:
    """Rows like that of `job`, each a moment older than the last."""

    def work(connection: sa.Connection) -> None:
        row = dict(connection.execute(sa.select(jobs_table).where(jobs_table.c.id == job.id)).one()._mapping)
        moment = timedelta(milliseconds=1)
        copies = [row | {"id": an_id(), "finished_at": row["finished_at"] - n * moment} for n in range(count)]
        connection.execute(jobs_table.insert(), copies)

    database.write(work)
