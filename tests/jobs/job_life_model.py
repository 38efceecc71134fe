"""A job's life, said a second time in plain Python: what each wish makes of a job, and what is answered.

Nothing here knows of SQL, batches, threads or faults. `tests/store/test_job_life.py` compares it with what is kept.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from millrace.accounts.account import Account
from millrace.jobs.job import AttemptRecord, Job, NewJob, Payload, Progress
from millrace.jobs.losses import ATTEMPT_LOST, WORKER_LOST, crash_error
from millrace.jobs.outcome import AttemptError, Claim, Completed, Failed, RetriedLater, Settlement, Yielded
from millrace.jobs.retry import RetryPolicy
from millrace.jobs.states import FINISHED, MOVES, JobState, Verb

S = JobState
Changes = dict[str, Any]
NO_PROGRESS: Changes = {"progress_seq": 0, "progress_fraction": None, "progress_message": ""}
NO_ERROR: Changes = {"error_code": None, "error_message": None}
AFTER_LOSS = RetryPolicy(first_pause=timedelta(seconds=1), longest_pause=timedelta(seconds=30))
WAITING = (S.SCHEDULED, S.RETRYING)
MOST_CRASHES = 3


@dataclass(frozen=True)
class Cancel:
    """Somebody wishes a job to end."""

    job_id: str
    by: Account


@dataclass(frozen=True)
class Requeue:
    """Somebody sends a finished job again."""

    job_id: str


@dataclass(frozen=True)
class TakeBack:
    """The scheduler saw an attempt run that its worker doesn't list."""

    seen: Job

    @property
    def job_id(self) -> str:
        return self.seen.id


Joinable = NewJob | Claim | Settlement
"""What may share a transaction with wishes about other jobs."""
Wish = Joinable | Cancel | Requeue | TakeBack
Answer = Job | int | None
"""The row as it stands then, or None for a refusal; for what is taken back, how many that were."""


@dataclass(frozen=True)
class Life:
    """All that is kept of a job. `jitter`: by how much `run_at` may lie earlier than it says."""

    row: Job
    payload: Payload
    result: Payload | None = None
    records: tuple[AttemptRecord, ...] = ()
    jitter: timedelta = timedelta()


class World:
    """Every job as it should be. What moves, moves at the time `now`."""

    def __init__(self, lives: Mapping[str, Life], now: datetime) -> None:
        self.lives = dict(lives)
        self.now = now

    def copy(self) -> "World":
        return World(self.lives, self.now)

    # What is asked of one job

    def ask(self, wish: Wish) -> Answer:
        """Do as is wished where that is allowed."""
        if isinstance(wish, NewJob):
            return self._submit(wish)
        row = self.lives[wish.job_id].row
        match wish:
            case Claim():
                return self._claim(row, wish)
            case Settlement():
                return self._settle(row, wish)
            case Cancel():
                return self._cancel(row, wish.by.id)
            case Requeue():
                return self._requeue(row)
            case TakeBack():
                return int(self._rescue(row, wish.seen, ATTEMPT_LOST) is not None)

    def _submit(self, new: NewJob) -> Job:
        if new.id in self.lives:
            return self.lives[new.id].row  # whatever became of it since
        is_ahead = new.run_at is not None and new.run_at > self.now
        given = ("id", "type", "summary", "queue", "priority", "submitter_id", "tags", "max_attempts")
        row: Changes = dict.fromkeys(Job.__dataclass_fields__) | {name: getattr(new, name) for name in given}
        row |= {"attempt": 1, "failures": 0, "crashes": 0, "runs_alone": False, "version": 1, **NO_PROGRESS}
        row |= {"time_limit_seconds": new.time_limit.total_seconds(), "created_at": self.now}
        row |= {"run_at": new.run_at or self.now, "queued_at": None if is_ahead else self.now}
        job = Job(**row | {"state": S.SCHEDULED if is_ahead else S.QUEUED})
        self.lives[new.id] = Life(job, new.payload)
        return job

    def _claim(self, row: Job, claim: Claim) -> Job | None:
        if row.attempt != claim.attempt:
            return None
        if row.state is S.RUNNING and row.token == claim.token:
            return row  # claimed before; the reply was lost
        if row.state is not S.QUEUED:
            return None
        begun = {"token": claim.token, "worker_id": claim.worker_id, "started_at": self.now}
        return self._move(Verb.CLAIM, row, state=S.RUNNING, **begun, **NO_PROGRESS)

    def _settle(self, row: Job, settlement: Settlement) -> Job | None:
        if row.token != settlement.token:
            return None
        if row.state is not S.RUNNING:
            return row  # settled before; the reply was lost
        if row.attempt != settlement.attempt:
            return None
        outcome = settlement.outcome
        match outcome:
            case Completed():
                self.lives[row.id] = replace(self.lives[row.id], result=outcome.result)
                return self._end("completed", None, row, outcome.verb, **self._finished(S.COMPLETED), **NO_ERROR)
            case Failed(error):
                ended = self._finished(S.FAILED) | _failed(row, error, outcome.is_crash)
                return self._end("failed", error, row, outcome.verb, **ended)
            case RetriedLater(error, pause):
                ended = _again(row, S.RETRYING) | {"run_at": self.now + pause}
                if row.cancel_requested:
                    ended = self._finished(S.CANCELLED) | NO_PROGRESS
                word = "cancelled" if row.cancel_requested else "retrying"
                return self._end(word, error, row, outcome.verb, **ended, **_failed(row, error, outcome.is_crash))
            case Yielded():
                if row.cancel_requested:
                    return self._end("cancelled", None, row, outcome.verb, **self._finished(S.CANCELLED))
                ended = _again(row, S.QUEUED) | {"queued_at": self.now}
                return self._end("yielded", None, row, outcome.verb, **ended)

    def _cancel(self, row: Job, by: str) -> Job | None:
        if row.state in FINISHED:
            return None
        if row.cancel_requested:
            return row  # somebody was faster
        asked = {"cancel_requested_at": self.now, "cancel_requested_by": by}
        ended = {} if row.state is S.RUNNING else self._finished(S.CANCELLED)
        return self._move(Verb.CANCEL, row, **asked, **ended)

    def _requeue(self, row: Job) -> Job | None:
        if row.state not in FINISHED:
            return None
        self.lives[row.id] = replace(self.lives[row.id], result=None)
        forgotten = ("started_at", "finished_at", "worker_id", "token", "cancel_requested_at", "cancel_requested_by")
        anew = {**_again(row, S.QUEUED), "queued_at": self.now, "failures": 0, "crashes": 0, **NO_ERROR}
        return self._move(Verb.REQUEUE, row, **anew, **dict.fromkeys(forgotten))

    # What becomes of jobs whose process is gone

    def fall_silent(self, process_id: str) -> None:
        """A process isn't heard any more."""
        for row in self.running_on(process_id):
            self._rescue(row, row, WORKER_LOST)

    def die(self, process_id: str, how: str, isolated: Collection[str], policy: RetryPolicy) -> None:
        """A process died. Who was alone in it is to blame, of several nobody; who has one of its own isn't counted."""
        running = self.running_on(process_id)
        suspects = [row for row in running if not row.runs_alone and row.type not in isolated]
        for row in running:
            if row not in suspects:
                self._rescue(row, row, crash_error(how))
            elif len(suspects) > 1:
                error = crash_error(f"{how}, while {len(suspects)} jobs ran in it")
                self._rescue(row, row, error, runs_alone=True)
            else:
                self._rescue(row, row, crash_error(how, row.crashes + 1), policy, is_crash=True, runs_alone=True)

    def stop(self, process_id: str) -> None:
        """A process was ended on purpose."""
        for row in self.running_on(process_id):
            self.ask(Settlement(row.id, row.attempt, row.token or "", Yielded()))

    def running_on(self, process_id: str) -> list[Job]:
        rows = (life.row for life in self.lives.values())
        return [row for row in rows if row.state is S.RUNNING and row.worker_id == process_id]

    def _rescue(
        self,
        row: Job,
        seen: Job,
        error: AttemptError,
        policy: RetryPolicy = AFTER_LOSS,
        *,
        is_crash: bool = False,
        runs_alone: bool = False,
    ) -> Job | None:
        if row.state is not S.RUNNING or (row.attempt, row.token) != (seen.attempt, seen.token):
            return None
        latest, earliest = (policy.pause_after(seen.failures + 1, draw) for draw in (1.0, 0.0))
        ended = _failed(row, error, is_crash)
        is_last = ended["failures"] >= row.max_attempts or (is_crash and ended["crashes"] >= MOST_CRASHES)
        if row.cancel_requested:
            ended |= self._finished(S.CANCELLED) | NO_PROGRESS
        elif is_last:
            ended |= self._finished(S.FAILED) | NO_PROGRESS
        else:
            ended |= _again(row, S.RETRYING) | {"run_at": self.now + latest}
            self.lives[row.id] = replace(self.lives[row.id], jitter=latest - earliest)
        ended |= {"token": None, "runs_alone": row.runs_alone or runs_alone}
        return self._end("lost", error, row, Verb.RESCUE, **ended)

    # What happens by itself

    def promotions(self, limit: int, until: datetime) -> Iterator["World"]:
        """Every way to queue the `limit` jobs that were due first, at some moment from now until `until`."""
        waiting = [life.row for life in self.lives.values() if life.row.state in WAITING]
        for moment in {self.now} | {row.run_at for row in waiting if self.now < row.run_at <= until}:
            due = [row for row in waiting if row.run_at <= moment]
            for chosen in combinations(due, min(limit, len(due))):
                latest = max((row.run_at for row in chosen), default=moment)
                if all(row in chosen or row.run_at >= latest for row in due):
                    world = self.copy()
                    for row in chosen:
                        world._move(Verb.PROMOTE, row, state=S.QUEUED, queued_at=self.now)
                    yield world

    def note(self, progress: Progress) -> None:
        """A running attempt says how far it is; what is older, or of another attempt, is dropped. Not a move."""
        life = self.lives[progress.job_id]
        row = life.row
        if row.state is S.RUNNING and row.attempt == progress.attempt and row.progress_seq < progress.seq:
            said = {name: getattr(progress, name.removeprefix("progress_")) for name in NO_PROGRESS}
            self.lives[row.id] = replace(life, row=replace(row, **said))

    # One move

    def _end(self, outcome: str, error: AttemptError | None, row: Job, verb: Verb, **changes: Any) -> Job:
        """End the attempt that runs, and keep a record of it."""
        life = self.lives[row.id]
        assert row.started_at is not None
        why = (None,) * 4 if error is None else (error.code, error.type, error.message, error.traceback)
        record = AttemptRecord(row.id, row.attempt, row.worker_id, row.started_at, self.now, outcome, *why)
        self.lives[row.id] = replace(life, records=(*life.records, record))
        return self._move(verb, row, **changes)

    def _move(self, verb: Verb, row: Job, **changes: Any) -> Job:
        """The only place where a row moves: one version on, and as the table says, too."""
        moved = replace(row, version=row.version + 1, **changes)
        assert row.state in MOVES[verb].starts
        assert moved.state in MOVES[verb].ends
        self.lives[row.id] = replace(self.lives[row.id], row=moved)
        return moved

    def _finished(self, state: JobState) -> Changes:
        return {"state": state, "finished_at": self.now}


def _again(row: Job, state: JobState) -> Changes:
    return {"state": state, "attempt": row.attempt + 1, **NO_PROGRESS}


def _failed(row: Job, error: AttemptError, is_crash: bool) -> Changes:
    counted = {"failures": row.failures + 1, "crashes": row.crashes + is_crash}
    return {**counted, "error_code": error.code, "error_message": error.message}


def assert_lawful(life: Life) -> None:
    """What holds for every job at any time, whatever happened to it."""
    row, numbers = life.row, [record.number for record in life.records]
    assert (row.finished_at is not None) == (row.state in FINISHED)
    assert row.state is not S.RUNNING or None not in (row.token, row.worker_id, row.started_at)
    assert row.state is not S.QUEUED or row.queued_at is not None
    assert not row.cancel_requested or row.state is S.RUNNING or row.state in FINISHED
    assert row.state is not S.CANCELLED or row.cancel_requested
    assert life.result is None or row.state is S.COMPLETED
    assert numbers == sorted(set(numbers))
    assert max(numbers, default=0) <= (row.attempt if row.state in FINISHED else row.attempt - 1)
    assert row.crashes <= row.failures < row.version
