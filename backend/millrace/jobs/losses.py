"""What becomes of attempts that nobody can settle any more: pure decisions, which `JobService` carries out.

A worker may fall silent, forget an attempt, or lose a process. Only the last may be the job's own doing, and only where
nothing ran beside it: then the death counts as a crash. Where others ran beside it nobody is blamed, but each of them
has a process to itself from then on, so that the next death tells whose doing it was.
"""

from collections.abc import Sequence
from datetime import timedelta

from millrace.jobs.job import Job
from millrace.jobs.outcome import AttemptError, Rescue
from millrace.jobs.retry import RetryPolicy

MOST_CRASHES = 3
"""After so many deaths alone a job isn't tried again by itself, however many attempts are left."""

LOSS_POLICY = RetryPolicy(first_pause=timedelta(seconds=1), longest_pause=timedelta(seconds=30))
"""A loss isn't the job's failure, so there is little to wait for; jobs that were lost together still spread out."""

WORKER_LOST = AttemptError("worker_lost", "WorkerLost", "The worker that ran this attempt stopped answering.")
ATTEMPT_LOST = AttemptError("attempt_lost", "AttemptLost", "The worker lives, but knows nothing of this attempt.")


def after_loss(job: Job, error: AttemptError) -> Rescue:
    """Take an attempt from a worker that is lost, or that lost it."""
    return Rescue(job.id, job.attempt, job.token, error, LOSS_POLICY.pause_after(job.failures + 1))


def after_death(jobs: Sequence[Job], how: str, policy: RetryPolicy) -> Sequence[Rescue]:
    """Take attempts from a process that died.

    Args:
        jobs: All that ran in it.
        how: How it died, such as "was ended by SIGSEGV".
        policy: That of the job, where it ran alone.
    """
    if len(jobs) != 1:
        error = crash_error(f"{how}, while {len(jobs)} jobs ran in it")
        pauses = [LOSS_POLICY.pause_after(job.failures + 1) for job in jobs]
        return [
            Rescue(job.id, job.attempt, job.token, error, pause, runs_alone=True)
            for job, pause in zip(jobs, pauses, strict=True)
        ]
    (job,) = jobs
    return [
        Rescue(
            job.id,
            job.attempt,
            job.token,
            crash_error(how, crashes=job.crashes + 1),
            policy.pause_after(job.failures + 1),
            is_crash=True,
            runs_alone=True,
            is_last=job.crashes + 1 >= MOST_CRASHES,
        )
    ]


def crash_error(how: str, crashes: int = 0) -> AttemptError:
    """Why an attempt ended whose process died; `crashes` counts the deaths alone, this one included."""
    message = f"The process that ran this attempt {how}."
    if crashes >= MOST_CRASHES:
        message += f" It died {crashes} times with nothing else running in it, so the job isn't tried again."
    return AttemptError("crashed", "ProcessDied", message)
