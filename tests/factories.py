"""One way to make each thing that tests need, with only what matters spelled out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from uuid_utils import uuid7

from millrace.jobs.job import ClaimedJob, Job, NewJob
from millrace.jobs.outcome import AttemptError, Claim, Completed, Failed, Outcome, RetriedLater, Settlement
from millrace.jobs.ports import JobStore
from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState
from millrace.queues.worker import NewWorker

AN_ERROR = AttemptError("handler_error", "ValueError", "It broke.", "Traceback …")


def an_id() -> str:
    """A fresh id of anything."""
    return str(uuid7())


def a_new_job(**overrides: Any) -> NewJob:
    """A job before it has a row."""
    new_job = NewJob(
        id=an_id(),
        type="sleep",
        summary="for a second",
        queue="default",
        priority=Priority.NORMAL,
        submitter_id=an_id(),
        payload={"seconds": 1},
        tags=("blue",),
        max_attempts=3,
        time_limit=timedelta(seconds=30),
        run_at=None,
    )
    return replace(new_job, **overrides)


def a_queued_job(**overrides: Any) -> Job:
    """The row of a queued job, for what needs no store."""
    now = datetime.now(UTC)
    row: dict[str, Any] = {
        "id": an_id(),
        "type": "sleep",
        "summary": "",
        "queue": "default",
        "priority": Priority.NORMAL,
        "state": JobState.QUEUED,
        "attempt": 1,
        "max_attempts": 3,
        "failures": 0,
        "crashes": 0,
        "runs_alone": False,
        "submitter_id": an_id(),
        "tags": (),
        "time_limit_seconds": 30.0,
        "created_at": now,
        "run_at": now,
        "queued_at": now,
        "started_at": None,
        "finished_at": None,
        "worker_id": None,
        "token": None,
        "cancel_requested_at": None,
        "cancel_requested_by": None,
        "progress_seq": 0,
        "progress_fraction": None,
        "progress_message": "",
        "error_code": None,
        "error_message": None,
        "version": 1,
    }
    return Job(**(row | overrides))


def a_claim(job: Job, **overrides: Any) -> Claim:
    """A wish to begin the current attempt of `job`."""
    return replace(Claim(job.id, job.attempt, str(uuid4()), an_id()), **overrides)


def a_settlement(claimed: ClaimedJob, outcome: Outcome) -> Settlement:
    """A wish to end the attempt that was claimed."""
    assert claimed.job.token is not None
    return Settlement(claimed.job.id, claimed.job.attempt, claimed.job.token, outcome)


def a_new_worker(**overrides: Any) -> NewWorker:
    """A worker before it has a record."""
    return replace(NewWorker("w1", "mill", 41, "0.1.0", "3.11.7", ("default", "images"), 2, 8), **overrides)


class JobsInStates:
    """Brings a job into any state by the verbs alone."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def in_state(self, state: JobState, **overrides: Any) -> Job:
        """A new job in `state`."""
        if state is JobState.SCHEDULED:
            later = datetime.now(UTC) + timedelta(hours=1)
            return self._store.submit(a_new_job(**{"run_at": later} | overrides))
        job = self._store.submit(a_new_job(**overrides))
        if state is JobState.QUEUED:
            return job
        if state is JobState.CANCELLED:
            return _there(self._store.cancel(job.id, an_id()))
        claimed = self.running(job)
        if state is JobState.RUNNING:
            return claimed.job
        return _there(self._store.settle(a_settlement(claimed, _ENDS[state])))

    def running(self, job: Job, **overrides: Any) -> ClaimedJob:
        """`job`, claimed by a worker of its own."""
        claimed = self._store.claim(a_claim(job, **overrides))
        assert claimed is not None
        return claimed


def _there(job: Job | None) -> Job:
    assert job is not None
    return job


_ENDS: dict[JobState, Outcome] = {
    JobState.COMPLETED: Completed({"slept": 1}),
    JobState.FAILED: Failed(AN_ERROR),
    JobState.RETRYING: RetriedLater(AN_ERROR, timedelta(hours=1)),
}
