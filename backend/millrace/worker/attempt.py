"""An attempt, from the message to the last line in the database. Read `run`: the rest of the file follows its order.

claim → progress → cancellation → time limit → retry → handler → settle

The claim and the settlement are repeated until the database answers; each finds itself done. Whoever comes second (a
message sent twice, a worker that was given up for lost) is refused by the claim or by the settlement.
"""

from collections.abc import Callable
from contextlib import ExitStack
from uuid import uuid4

import structlog

from millrace.jobs.job import ClaimedJob, Delivery, Job
from millrace.jobs.outcome import AttemptError, Completed, Failed, Outcome
from millrace.jobs.registry import Registry
from millrace.jobs.retry import RetryPolicy
from millrace.jobs.service import JobService
from millrace.worker.alarms import Alarms
from millrace.worker.calling import call
from millrace.worker.context import AttemptContext
from millrace.worker.held import HeldAttempts, StopSignal
from millrace.worker.isolation.isolated import run_isolated
from millrace.worker.isolation.launcher import Launcher
from millrace.worker.middleware.cancellation import cancellation
from millrace.worker.middleware.progress import progress
from millrace.worker.middleware.retry import judge, retry_by
from millrace.worker.middleware.time_limit import time_limit_with
from millrace.worker.overdue import Overdue
from millrace.worker.patience import Patience, PatientFiles, ProcessEnds, RepeatableFiles
from millrace.worker.reporter import Reporter
from millrace.worker.running import RunningAttempt, through
from millrace.worker.scratch import ScratchFolders

UNSETTLED = AttemptError("not_recorded", "NotRecorded", "How the attempt ended couldn't be written down.")

log = structlog.get_logger(__name__)


class AttemptRunner:
    """Runs attempts for one worker. Each `run` belongs to its thread; any number run side by side."""

    def __init__(
        self,
        worker_id: str,
        jobs: JobService,
        registry: Registry,
        files: RepeatableFiles,
        held: HeldAttempts,
        reporter: Reporter,
        scratch: ScratchFolders,
        patience: Patience,
        launcher: Launcher,
        on_abandoned: Callable[[], object],
    ) -> None:
        """Args:
        on_abandoned: Told when a thread was given up: its handler should stop, and comes to no checkpoint.
        """
        self._worker_id = worker_id
        self._jobs = jobs
        self._registry = registry
        self._files = PatientFiles(files, patience)
        self._held = held
        self._reporter = reporter
        self._scratch = scratch
        self._patience = patience
        self._launcher = launcher
        self._alarms = Alarms()
        self._overdue = Overdue(self._alarms, self._settle, on_abandoned)
        time_limit = time_limit_with(self._alarms)
        retry = retry_by({handler.type: handler.retry for handler in registry})
        self._pipeline = through((progress, cancellation, time_limit, retry), self._call_handler)

    def run(self, delivery: Delivery) -> None:
        """Claim one attempt, run its handler, settle the outcome. Safe to call twice; never raises for a handler.

        Raises:
            ProcessEnds: The database was away until the end of the process; the scheduler repairs what this left.
        """
        with ExitStack() as stack:
            stop = stack.enter_context(self._held.hold(delivery))
            if stop is None:
                return
            stack.enter_context(
                structlog.contextvars.bound_contextvars(job_id=delivery.job_id, attempt=delivery.attempt)
            )
            claimed = self._claim(delivery)
            if claimed is None:  # taken by another worker, cancelled, or sent twice
                return
            attempt = self._prepare(claimed, stop, stack)
            outcome = self._outcome_of(attempt)
            self._settle(attempt.job, outcome)

    def close(self) -> None:
        """Let go of what attempts share. Those that still run in a process of their own end."""
        self._alarms.close()
        self._launcher.close()

    def _claim(self, delivery: Delivery) -> ClaimedJob | None:
        token = str(uuid4())
        return self._patience.until_answered(lambda: self._jobs.claim(delivery, self._worker_id, token))

    def _prepare(self, claimed: ClaimedJob, stop: StopSignal, stack: ExitStack) -> RunningAttempt:
        report = self._reporter.open(claimed.job)
        scratch = stack.enter_context(self._scratch.folder())
        context = AttemptContext(claimed.job, stop, report, self._files, scratch)
        return RunningAttempt(claimed.job, claimed.payload, stop, report, context)

    def _outcome_of(self, attempt: RunningAttempt) -> Outcome:
        try:
            return self._pipeline(attempt)
        except Exception as error:  # a fault of ours must not leave the job running for ever
            log.exception("pipeline_broken")
            return judge(error, attempt, RetryPolicy())

    def _call_handler(self, attempt: RunningAttempt) -> Outcome:
        handler = self._registry.get(attempt.job.type)
        if handler.isolation == "process" or attempt.job.runs_alone:
            return run_isolated(self._launcher, attempt, handler)
        with self._overdue.watch(attempt):
            return Completed(call(handler, attempt.payload, attempt.context))

    def _settle(self, job: Job, outcome: Outcome) -> None:
        try:
            settled = self._patience.until_answered(lambda: self._jobs.settle(job, outcome))
        except ProcessEnds:
            raise
        except Exception:  # an outcome that no row can hold must not leave the job running for ever
            log.exception("settlement_broken")
            settled = self._patience.until_answered(lambda: self._jobs.settle(job, Failed(UNSETTLED)))
        if settled is None:
            log.warning("attempt_was_taken_away", outcome=outcome.verb)
        elif isinstance(outcome, Completed):
            log.debug("attempt_ended", type=job.type, state=settled.state)
        else:
            log.debug("attempt_ended", type=job.type, state=settled.state, error=settled.error_code)
