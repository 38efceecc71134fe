"""The one door for change: every move of every job passes here. Commit first, then announce, then send.

An event or a message that gets lost after the commit is repaired by others (a refetch, the scheduler's sweeps), so
neither can fail a verb.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from uuid_utils import uuid7

from millrace.accounts.account import Account
from millrace.clock import Clock
from millrace.errors import Conflict, NotAllowed, NotFound
from millrace.jobs.events import JobChanged, LogWritten, ProgressMade
from millrace.jobs.job import ClaimedJob, Delivery, Job, LogLine, Progress
from millrace.jobs.losses import ATTEMPT_LOST, WORKER_LOST, after_death, after_loss, crash_error
from millrace.jobs.outcome import Claim, Outcome, Rescue, Settlement, Yielded
from millrace.jobs.ports import Dispatcher, FileDirectory, JobQueries, JobStore, Publisher, QueuedMark
from millrace.jobs.registry import Registry
from millrace.jobs.retry import RetryPolicy
from millrace.jobs.states import FINISHED, JobState, Verb, is_allowed
from millrace.jobs.submission import Admission, Submission
from millrace.jobs.visibility import EVERYTHING, may_govern, may_submit, visible_to


class JobNotFound(NotFound):
    """There is no such job, or it isn't yours to see."""

    code = "job_not_found"


class WrongState(Conflict):
    """The job's state doesn't allow this."""

    code = "wrong_state"


class JobService:
    """Submits, claims, settles and governs jobs. Safe to share between threads."""

    def __init__(
        self,
        registry: Registry,
        store: JobStore,
        queries: JobQueries,
        files: FileDirectory,
        dispatcher: Dispatcher,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._store = store
        self._queries = queries
        self._admission = Admission(files, clock)
        self._dispatcher = dispatcher
        self._publisher = publisher

    # What people ask for

    def submit(self, submission: Submission, submitter: Account) -> Job:
        """Accept a job. When this returns, the job survives the loss of any process and of Redis.

        Raises:
            NotAllowed: The submitter's role only reads.
            UnknownJobType, PayloadInvalid, ValidationFailed: The submission is wrong.
            DatabaseUnavailable: Whether the job was stored is unknown.
        """
        if not may_submit(submitter):
            raise NotAllowed("Your role may look, but not submit jobs.")
        handler = self._registry.get(submission.type)
        new_job = self._admission.admit(str(uuid7()), submission, handler, submitter)
        job = self._store.submit(new_job)
        self._announce([job])
        self._send([job])
        return job

    def cancel(self, job_id: str, by: Account) -> Job:
        """Cancel a waiting job at once; ask a running one to stop. Asking twice changes nothing.

        Raises:
            JobNotFound: It doesn't exist, or `by` doesn't see it.
            NotAllowed: `by` sees it but doesn't govern it.
            WrongState: It has finished.
        """
        job = self._governed(job_id, by)
        if _is_stopping(job):
            return job
        cancelled = self._store.cancel(job_id, by.id)
        if cancelled is None:  # somebody else may have asked since the look
            job = self._queries.get(job_id, EVERYTHING) or job
            if _is_stopping(job):
                return job
        moved = self._moved(cancelled, job, Verb.CANCEL)
        if moved.state is JobState.CANCELLED:
            self._dispatcher.withdraw([moved])
        return moved

    def requeue(self, job_id: str, by: Account) -> Job:
        """Send a finished job again, with its failures forgotten.

        Raises:
            JobNotFound, NotAllowed: As for `cancel`.
            WrongState: It hasn't finished.
        """
        job = self._governed(job_id, by)
        moved = self._moved(self._store.requeue(job_id), job, Verb.REQUEUE)
        self._send([moved])
        return moved

    def _governed(self, job_id: str, by: Account) -> Job:
        job = self._queries.get(job_id, visible_to(by))
        if job is None:
            raise JobNotFound
        if not may_govern(by, job):
            raise NotAllowed("Your role may look at this job, but not change it.")
        return job

    def _moved(self, moved: Job | None, seen: Job, verb: Verb) -> Job:
        if moved is None:
            current = self._queries.get(seen.id, EVERYTHING)
            if current is None:  # pruned since the look
                raise JobNotFound
            state = seen.state if is_allowed(verb, current.state) else current.state
            raise WrongState(f"This job is {state}, so it can't be {_PARTICIPLES[verb]}.")
        self._announce([moved])
        return moved

    # What workers ask for

    def claim(self, delivery: Delivery, worker_id: str, token: str | None = None) -> ClaimedJob | None:
        """Begin an attempt, or answer None where it is no longer to be had. Repeatable with the same `token`.

        Raises:
            DatabaseUnavailable: Whether it was claimed is unknown; claim again with the same token.
        """
        claim = Claim(delivery.job_id, delivery.attempt, token or str(uuid4()), worker_id)
        claimed = self._store.claim(claim)
        if claimed is not None:
            self._announce([claimed.job])
        return claimed

    def settle(self, job: Job, outcome: Outcome) -> Job | None:
        """End the attempt that `job` was claimed for; None where the fence refused, because it was taken away.

        Raises:
            DatabaseUnavailable: Whether it was settled is unknown; settle again.
        """
        if job.token is None:
            raise ValueError("only a claimed job can be settled")
        settled = self._store.settle(Settlement(job.id, job.attempt, job.token, outcome))
        if settled is not None:
            self._announce([settled])
            self._send([settled])
        return settled

    def report_death(self, process_id: str, how: str) -> Sequence[Job]:
        """Take every running job from a process that died; those that still ran.

        Args:
            how: How it died, such as "was ended by SIGSEGV".
        """
        running = self._queries.running_on(process_id)
        elsewhere = [job for job in running if self._has_own_process(job)]
        suspects = [job for job in running if job not in elsewhere]
        error = crash_error(how)
        rescues = [after_loss(job, error) for job in elsewhere]
        if suspects:
            rescues += after_death(suspects, how, self._policy_of(suspects[0]))
        return self._rescue(rescues)

    def yield_all(self, process_id: str) -> Sequence[Job]:
        """Queue again, at no cost, what ran in a process that was ended on purpose; those that still ran."""
        yielded = (self.settle(job, Yielded()) for job in self._queries.running_on(process_id))
        return [job for job in yielded if job is not None]

    def report_progress(self, progress: Progress, *, store: bool) -> None:
        """Announce how far an attempt is; `store` keeps it in the row too, at most once a second per job."""
        if store:
            self._store.save_progress(progress)
        self._publisher.publish([ProgressMade(progress)])

    def write_logs(self, lines: Sequence[LogLine]) -> None:
        """Keep and announce lines of one attempt's log."""
        self._store.append_logs(lines[0].job_id, lines)
        self._publisher.publish([LogWritten(tuple(lines))])

    # What the scheduler asks for

    def promote_due(self, limit: int) -> int:
        """Queue up to `limit` jobs whose time has come; how many there were."""
        promoted = self._store.promote_due(limit)
        self._announce(promoted)
        self._send(promoted)
        return len(promoted)

    def resend_unsent(
        self, after: QueuedMark | None, settled_for: timedelta, limit: int
    ) -> tuple[QueuedMark | None, int]:
        """Look at one page of queued jobs and send those that the broker doesn't hold.

        Returns:
            Where to go on (None at the end), and how many jobs were sent.
        """
        page = self._queries.queued_after(after, settled_for.total_seconds(), limit)
        sent = self._dispatcher.send(page) if page else 0
        return (QueuedMark.of(page[-1]) if len(page) == limit else None), sent

    def running(self) -> Sequence[Job]:
        """Every job that runs."""
        return self._queries.running()

    def queued_after(self, after: QueuedMark | None, limit: int) -> Sequence[Job]:
        """Up to `limit` queued jobs in order, past a place in the line."""
        return self._queries.queued_after(after, 0, limit)

    def running_workers(self) -> frozenset[str]:
        """Ids of the workers that some running job is booked on, registered or not."""
        return self._queries.running_workers()

    def rescue_from(self, worker_id: str) -> int:
        """Take every running job from a worker that is lost; how many there were."""
        running = self._queries.running_on(worker_id)
        return len(self._rescue([after_loss(job, WORKER_LOST) for job in running]))

    def rescue_unlisted(self, jobs: Sequence[Job]) -> int:
        """Take running jobs from workers that live and don't know of them; how many still ran."""
        return len(self._rescue([after_loss(job, ATTEMPT_LOST) for job in jobs]))

    def prune(self, state: JobState, older_than: timedelta, limit: int) -> int:
        """Forget up to `limit` jobs that ended as `state` longer ago, with all that is theirs; how many there were.

        Nobody is told: a list that still shows one loses it by its next fetch.
        """
        if state not in FINISHED:
            raise ValueError(f"a job that is {state} hasn't finished")
        return self._store.prune(state, older_than, limit)

    def _rescue(self, rescues: Sequence[Rescue]) -> Sequence[Job]:
        rescued = self._store.rescue(rescues) if rescues else []
        self._announce(rescued)
        return rescued

    def _policy_of(self, job: Job) -> RetryPolicy:
        handler = self._registry.find(job.type)
        return RetryPolicy() if handler is None else handler.retry

    def _has_own_process(self, job: Job) -> bool:
        handler = self._registry.find(job.type)
        return job.runs_alone or (handler is not None and handler.isolation == "process")

    def _announce(self, jobs: Sequence[Job]) -> None:
        if jobs:
            self._publisher.publish([JobChanged(job) for job in jobs])

    def _send(self, jobs: Sequence[Job]) -> None:
        queued = [job for job in jobs if job.state is JobState.QUEUED]
        if queued:
            self._dispatcher.send(queued)


def _is_stopping(job: Job) -> bool:
    return job.state is JobState.RUNNING and job.cancel_requested


_PARTICIPLES = {Verb.CANCEL: "cancelled", Verb.REQUEUE: "sent again"}
