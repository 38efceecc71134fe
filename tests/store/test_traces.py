"""What a running attempt leaves behind: progress in order, log lines once."""

from datetime import UTC, datetime

from millrace.jobs.job import LogLine, Progress
from millrace.jobs.states import JobState
from millrace.jobs.visibility import EVERYTHING
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from tests.factories import JobsInStates, an_id


def test_progress_is_kept_in_order_and_raises_no_version(
    store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates
) -> None:
    job = jobs.in_state(JobState.RUNNING)
    store.save_progress(_progress(job.id, 1, 2, 0.5))
    store.save_progress(_progress(job.id, 1, 1, 0.1))
    store.save_progress(_progress(job.id, 2, 9, 0.9))
    now = queries.get(job.id, EVERYTHING)

    assert now is not None
    assert (now.progress_seq, now.progress_fraction, now.version) == (2, 0.5, job.version)


def test_a_log_line_is_kept_once_and_without_what_no_database_holds(
    store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates
) -> None:
    job = jobs.in_state(JobState.RUNNING)
    lines = [
        LogLine(job.id, job.submitter_id, 1, seq, datetime.now(UTC), "info", text)
        for seq, text in ((1, "nul \x00 and half a pair \ud800"), (2, "second"))
    ]
    store.append_logs(job.id, lines[:1])
    store.append_logs(job.id, lines)

    kept = queries.logs_of(job.id, 1, 0, 10)
    assert [line.message for line in kept] == ["nul  and half a pair ?", "second"]
    assert [line.seq for line in queries.logs_of(job.id, 1, 1, 10)] == [2]


def _progress(job_id: str, attempt: int, seq: int, fraction: float) -> Progress:
    return Progress(job_id, an_id(), attempt, seq, fraction, "")
