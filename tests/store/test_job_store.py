"""Every move of a job, on each database: what it writes, what its guard refuses, what may be repeated."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from millrace.jobs.outcome import Completed, Failed, Outcome, Rescue, RetriedLater, Yielded
from millrace.jobs.states import JobState, Verb
from millrace.jobs.visibility import EVERYTHING
from millrace.store.job_queries import SqlJobQueries
from millrace.store.job_store import SqlJobStore
from tests.factories import AN_ERROR, JobsInStates, a_claim, a_new_job, a_settlement, an_id
from tests.waiting import wait_until

PAUSE = timedelta(seconds=90)
OUTCOMES: dict[Verb, Outcome] = {
    Verb.COMPLETE: Completed({"n": 1}),
    Verb.FAIL: Failed(AN_ERROR),
    Verb.RETRY_LATER: RetriedLater(AN_ERROR, PAUSE),
    Verb.YIELD: Yielded(),
}


def test_a_submitted_job_is_queued_with_its_payload(store: SqlJobStore, queries: SqlJobQueries) -> None:
    job = store.submit(a_new_job(payload={"name": "Zoë", "n": 2**70, "deep": [{"x": None}]}, tags=("a", "b")))

    assert (job.state, job.attempt, job.version, job.failures) == (JobState.QUEUED, 1, 1, 0)
    assert job.tags == ("a", "b")
    assert job.queued_at is not None
    assert abs(job.created_at - datetime.now(UTC)) < timedelta(seconds=30)
    assert queries.get(job.id, EVERYTHING) == job
    assert queries.payload_of(job.id) == {"name": "Zoë", "n": 2**70, "deep": [{"x": None}]}


def test_a_job_for_later_is_scheduled_and_promoted_when_due(store: SqlJobStore) -> None:
    ahead = store.submit(a_new_job(run_at=datetime.now(UTC) + timedelta(hours=1)))
    soon = store.submit(a_new_job(run_at=datetime.now(UTC) + timedelta(milliseconds=300)))

    assert (ahead.state, ahead.queued_at) == (JobState.SCHEDULED, None)
    wait_until(lambda: [job.id for job in store.promote_due(10)] == [soon.id])
    assert store.promote_due(10) == []


@pytest.mark.parametrize("year", [1, 999, 1000, 9999])
def test_a_time_in_any_year_is_kept_as_it_was_given(store: SqlJobStore, year: int) -> None:
    run_at = datetime(year, 1, 2, tzinfo=UTC)
    job = store.submit(a_new_job(run_at=run_at))
    assert job.run_at == run_at
    assert job.state is (JobState.SCHEDULED if year == 9999 else JobState.QUEUED)


def test_promoting_takes_no_more_than_its_limit_and_the_longest_due_first(store: SqlJobStore) -> None:
    moment = datetime.now(UTC) + timedelta(milliseconds=200)
    waiting = [store.submit(a_new_job(run_at=moment + timedelta(microseconds=1000 * i))) for i in range(5)]
    wait_until(lambda: datetime.now(UTC) > moment + timedelta(milliseconds=50))

    assert {job.id for job in store.promote_due(2)} == {job.id for job in waiting[:2]}
    assert len(store.promote_due(10)) == 3


def test_submitting_the_same_id_again_answers_the_job_as_it_stands(store: SqlJobStore, jobs: JobsInStates) -> None:
    new_job = a_new_job()
    job = store.submit(new_job)
    running = jobs.running(job).job

    assert store.submit(new_job) == running


def test_a_claim_starts_the_attempt_and_brings_the_payload(store: SqlJobStore) -> None:
    job = store.submit(a_new_job(payload={"seconds": 2}))
    claim = a_claim(job)
    claimed = store.claim(claim)

    assert claimed is not None
    assert claimed.payload == {"seconds": 2}
    assert (claimed.job.state, claimed.job.token, claimed.job.worker_id) == (
        JobState.RUNNING,
        claim.token,
        claim.worker_id,
    )
    assert claimed.job.started_at is not None
    assert claimed.job.version == job.version + 1


def test_a_claim_whose_reply_was_lost_finds_itself_done(store: SqlJobStore) -> None:
    claim = a_claim(store.submit(a_new_job()))

    first = store.claim(claim)
    assert first is not None
    assert store.claim(claim) == first


def test_a_job_is_claimed_by_one_token_alone(store: SqlJobStore) -> None:
    job = store.submit(a_new_job())

    assert store.claim(a_claim(job)) is not None
    assert store.claim(a_claim(job)) is None


def test_a_claim_of_another_attempt_is_refused(store: SqlJobStore) -> None:
    job = store.submit(a_new_job())

    assert store.claim(a_claim(job, attempt=2)) is None
    assert store.claim(a_claim(job, job_id=an_id())) is None


@pytest.mark.parametrize("verb", OUTCOMES)
def test_a_settlement_whose_reply_was_lost_finds_itself_done(
    store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates, verb: Verb
) -> None:
    claimed = jobs.running(store.submit(a_new_job()))
    settled = store.settle(a_settlement(claimed, OUTCOMES[verb]))

    assert settled is not None
    assert store.settle(a_settlement(claimed, OUTCOMES[verb])) == settled
    assert len(queries.attempts_of(settled.id)) == 1


@pytest.mark.parametrize("verb", OUTCOMES)
def test_an_attempt_is_settled_by_its_own_token_alone(store: SqlJobStore, jobs: JobsInStates, verb: Verb) -> None:
    claimed = jobs.running(store.submit(a_new_job()))
    settlement = a_settlement(claimed, OUTCOMES[verb])

    assert store.settle(replace(settlement, token=str(uuid4()))) is None


@pytest.mark.parametrize("verb", OUTCOMES)
def test_a_settlement_of_another_attempt_than_its_tokens_is_refused(
    store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates, verb: Verb
) -> None:
    claimed = jobs.running(store.submit(a_new_job()))

    assert store.settle(replace(a_settlement(claimed, OUTCOMES[verb]), attempt=2)) is None
    assert queries.get(claimed.job.id, EVERYTHING) == claimed.job


def test_a_completed_job_keeps_its_result_and_its_record(queries: SqlJobQueries, jobs: JobsInStates) -> None:
    job = jobs.in_state(JobState.COMPLETED)

    assert job.finished_at is not None
    assert queries.result_of(job.id) == {"slept": 1}
    (record,) = queries.attempts_of(job.id)
    assert (record.number, record.outcome, record.worker_id) == (1, "completed", job.worker_id)
    assert record.started_at <= record.ended_at


def test_a_failed_job_keeps_why(queries: SqlJobQueries, jobs: JobsInStates) -> None:
    job = jobs.in_state(JobState.FAILED)

    assert (job.failures, job.error_code, job.error_message) == (1, AN_ERROR.code, AN_ERROR.message)
    (record,) = queries.attempts_of(job.id)
    assert (record.outcome, record.error_type, record.traceback) == ("failed", AN_ERROR.type, AN_ERROR.traceback)


def test_a_job_that_is_retried_later_waits_out_its_pause(store: SqlJobStore, jobs: JobsInStates) -> None:
    claimed = jobs.running(store.submit(a_new_job()))
    job = store.settle(a_settlement(claimed, RetriedLater(AN_ERROR, PAUSE)))

    assert job is not None
    assert (job.state, job.attempt, job.failures) == (JobState.RETRYING, 2, 1)
    assert claimed.job.started_at is not None
    assert PAUSE <= job.run_at - claimed.job.started_at < PAUSE + timedelta(seconds=30)
    assert store.promote_due(10) == []


def test_a_yielded_job_is_queued_for_another_attempt_at_no_cost(
    store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates
) -> None:
    job = store.settle(a_settlement(jobs.running(store.submit(a_new_job())), Yielded()))

    assert job is not None
    assert (job.state, job.attempt, job.failures) == (JobState.QUEUED, 2, 0)
    assert queries.attempts_of(job.id)[0].outcome == "yielded"


def test_a_waiting_job_is_cancelled_at_once_and_says_by_whom(store: SqlJobStore) -> None:
    job, somebody = store.submit(a_new_job()), an_id()
    cancelled = store.cancel(job.id, somebody)

    assert cancelled is not None
    assert (cancelled.state, cancelled.cancel_requested_by) == (JobState.CANCELLED, somebody)
    assert cancelled.finished_at is not None
    assert store.claim(a_claim(job)) is None


@pytest.mark.parametrize("verb", [Verb.RETRY_LATER, Verb.YIELD])
def test_a_running_job_that_was_asked_to_stop_ends_as_cancelled(
    store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates, verb: Verb
) -> None:
    claimed = jobs.running(store.submit(a_new_job()))
    flagged = store.cancel(claimed.job.id, an_id())
    assert flagged is not None
    assert (flagged.state, flagged.cancel_requested) == (JobState.RUNNING, True)

    job = store.settle(a_settlement(claimed, OUTCOMES[verb]))

    assert job is not None
    assert (job.state, job.attempt) == (JobState.CANCELLED, 1)
    assert queries.attempts_of(job.id)[0].outcome == "cancelled"


def test_a_handler_that_returned_before_it_noticed_the_cancellation_has_completed(
    store: SqlJobStore, jobs: JobsInStates
) -> None:
    claimed = jobs.running(store.submit(a_new_job()))
    store.cancel(claimed.job.id, an_id())
    job = store.settle(a_settlement(claimed, Completed()))

    assert job is not None
    assert job.state is JobState.COMPLETED


def test_a_rescued_job_cannot_be_finished_by_its_old_worker(
    store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates
) -> None:
    claimed = jobs.running(store.submit(a_new_job()))
    rescue = Rescue(claimed.job.id, 1, claimed.job.token, AN_ERROR, PAUSE)
    (rescued,) = store.rescue([rescue])

    assert (rescued.state, rescued.attempt, rescued.failures) == (JobState.RETRYING, 2, 1)
    assert queries.attempts_of(rescued.id)[0].outcome == "lost"
    for outcome in OUTCOMES.values():
        assert store.settle(a_settlement(claimed, outcome)) is None
    assert store.rescue([rescue]) == []
    assert queries.get(rescued.id, EVERYTHING) == rescued


def test_a_job_lost_at_its_last_attempt_fails(store: SqlJobStore, jobs: JobsInStates) -> None:
    claimed = jobs.running(store.submit(a_new_job(max_attempts=1)))
    (job,) = store.rescue([Rescue(claimed.job.id, 1, claimed.job.token, AN_ERROR, PAUSE)])

    assert (job.state, job.attempt, job.error_code) == (JobState.FAILED, 1, AN_ERROR.code)
    assert job.finished_at is not None


def test_a_job_lost_after_it_was_asked_to_stop_is_cancelled(store: SqlJobStore, jobs: JobsInStates) -> None:
    claimed = jobs.running(store.submit(a_new_job(max_attempts=1)))
    store.cancel(claimed.job.id, an_id())
    (job,) = store.rescue([Rescue(claimed.job.id, 1, claimed.job.token, AN_ERROR, PAUSE)])

    assert job.state is JobState.CANCELLED


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED, JobState.COMPLETED])
def test_a_requeued_job_starts_afresh(
    store: SqlJobStore, queries: SqlJobQueries, jobs: JobsInStates, state: JobState
) -> None:
    ended = jobs.in_state(state)
    job = store.requeue(ended.id)

    assert job is not None
    assert (job.state, job.attempt, job.failures) == (JobState.QUEUED, ended.attempt + 1, 0)
    assert (job.error_code, job.finished_at, job.started_at, job.cancel_requested_at) == (None, None, None, None)
    assert queries.result_of(job.id) is None
    assert store.claim(a_claim(job)) is not None
