"""Reads of jobs on each database: what pages, what filters, and what stays unseen."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from millrace.jobs.ports import JobFilter, QueuedMark
from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState
from millrace.jobs.visibility import EVERYTHING, Visibility
from millrace.scheduler.sweeps.restore_queues import well_before
from millrace.store.database import Database
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from millrace.store.migrate import upgrade
from tests.factories import JobsInStates, a_new_job, an_id
from tests.store.plans import plans_of

ALL = JobFilter()


def test_pages_are_newest_first_and_follow_each_other_while_rows_arrive(
    store: SqlJobStore, queries: SqlJobQueries
) -> None:
    made = [store.submit(a_new_job()).id for _ in range(5)]
    first = [job.id for job in queries.page(ALL, EVERYTHING, None, 2)]
    store.submit(a_new_job())
    second = [job.id for job in queries.page(ALL, EVERYTHING, first[-1], 10)]

    assert first + second == made[::-1]


def test_each_filter_chooses_and_values_of_one_filter_are_alternatives(
    queries: SqlJobQueries, jobs: JobsInStates
) -> None:
    me = an_id()
    failed = jobs.in_state(JobState.FAILED, type="image")
    queued = jobs.in_state(JobState.QUEUED, queue="pictures", priority=Priority.CRITICAL)
    mine = jobs.in_state(JobState.COMPLETED, submitter_id=me)

    def found(**chosen: Any) -> set[str]:
        return {job.id for job in queries.page(replace(ALL, **chosen), EVERYTHING, None, 10)}

    assert found(states=(JobState.FAILED,)) == {failed.id}
    assert found(states=(JobState.FAILED, JobState.COMPLETED)) == {failed.id, mine.id}
    assert found(types=("image",)) == {failed.id}
    assert found(queues=("pictures",)) == found(priorities=(Priority.CRITICAL,)) == {queued.id}
    assert found(submitter_ids=(me, "not an id")) == {mine.id}
    assert found(submitter_ids=("not an id",)) == set()
    assert found(states=(JobState.FAILED,), queues=("pictures",)) == set()


def test_what_a_visibility_doesnt_cover_isnt_there(store: SqlJobStore, queries: SqlJobQueries) -> None:
    me = an_id()
    mine, theirs = store.submit(a_new_job(submitter_id=me)), store.submit(a_new_job())
    own = Visibility(me)

    assert [job.id for job in queries.page(ALL, own, None, 10)] == [mine.id]
    assert queries.get(mine.id, own) == mine
    assert queries.get(theirs.id, own) is None
    assert queries.get(theirs.id, EVERYTHING) == theirs


def test_an_id_that_is_no_id_is_an_id_of_nothing(queries: SqlJobQueries) -> None:
    assert queries.get("'; DROP TABLE jobs; --", EVERYTHING) is None


def test_the_cursor_over_queued_jobs_sees_each_once_and_in_order(
    store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates
) -> None:
    queued = [store.submit(a_new_job()) for _ in range(5)]
    jobs.in_state(JobState.RUNNING)
    seen: list[str] = []
    mark: QueuedMark | None = None
    while page := queries.queued_after(mark, 0, 2):
        seen += [job.id for job in page]
        assert page[-1].queued_at is not None
        mark = QueuedMark(page[-1].queued_at, page[-1].id)

    assert seen == [job.id for job in queued]
    assert queries.queued_after(None, 60, 10) == []


def test_a_mark_that_goes_back_in_the_line_finds_again_what_was_passed(
    store: SqlJobStore, queries: SqlJobQueries
) -> None:
    queued = [store.submit(a_new_job()) for _ in range(3)]
    last = QueuedMark.of(queued[-1])

    assert queries.queued_after(last, 0, 10) == []
    assert queries.queued_after(well_before(last), 0, 10) == queued


def test_running_jobs_are_found_by_their_worker(store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates) -> None:
    worker_id = an_id()
    running = jobs.running(store.submit(a_new_job()), worker_id=worker_id).job
    other = jobs.in_state(JobState.RUNNING)

    assert queries.running_on(worker_id) == [running]
    assert queries.running_workers() == {worker_id, other.worker_id}


def test_hot_reads_and_sweeps_go_by_an_index_on_sqlite(sqlite_url: str) -> None:
    """On SQLite alone: PostgreSQL rightly scans a table this small."""
    database = Database(sqlite_url)
    upgrade(database)
    store, queries = SqlJobStore(database), SqlJobQueries(database)
    now = datetime.now(UTC)
    expected: dict[str, Callable[[], object]] = {
        "PRIMARY KEY|sqlite_autoindex_jobs_1": lambda: queries.page(ALL, EVERYTHING, None, 9),
        "ix_jobs_state": lambda: queries.page(replace(ALL, states=(JobState.FAILED,)), EVERYTHING, an_id(), 9),
        "ix_jobs_submitter": lambda: queries.page(ALL, Visibility(an_id()), None, 9),
        "ix_jobs_queued": lambda: queries.queued_after(QueuedMark(now, an_id()), 10, 9),
        "ix_jobs_due": lambda: store.promote_due(9),
    }
    for index, ask in expected.items():
        plans = plans_of(database, ask)
        assert any(re.search(index, plan) for plan in plans), (index, plans)
        assert not any("SCAN jobs" in plan and "USING INDEX" not in plan for plan in plans), plans
    database.close()
