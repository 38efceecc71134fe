"""Judges how an attempt ended: what a handler raised becomes an outcome, and a failure gets another try or none.

What nobody foresaw is a failure, never a success.
"""

from millrace.jobs.outcome import Outcome
from millrace.jobs.retry import RetryPolicy
from millrace.worker.handler_end import decide, describe
from millrace.worker.running import Middleware, RunningAttempt, Step


def retry_by(policies: dict[str, RetryPolicy]) -> Middleware:
    """The middleware for job types with these policies."""

    def retry(attempt: RunningAttempt, next: Step) -> Outcome:
        """Turn whatever the handler raises into an outcome."""
        try:
            return next(attempt)
        except BaseException as error:  # noqa: BLE001 (this is where a handler's errors end, `sys.exit` among them)
            return judge(error, attempt, policies.get(attempt.job.type, RetryPolicy()))

    return retry


def judge(error: BaseException, attempt: RunningAttempt, policy: RetryPolicy) -> Outcome:
    """How an attempt ends that `error` ended."""
    return decide(describe(error), attempt.job, attempt.stop, policy)
