"""Who sees and who governs which jobs. Lists, files, rooms and streams all ask here."""

from dataclasses import dataclass

from millrace.accounts.account import Account, Role
from millrace.jobs.job import Job


@dataclass(frozen=True, slots=True)
class Visibility:
    """The jobs somebody sees: those of one submitter, or all where `submitter_id` is None."""

    submitter_id: str | None

    def covers(self, submitter_id: str) -> bool:
        """Whether a job of `submitter_id` is seen."""
        return self.submitter_id is None or self.submitter_id == submitter_id


EVERYTHING = Visibility(None)


def visible_to(account: Account) -> Visibility:
    """What `account` sees: members their own jobs, everybody else all."""
    return Visibility(account.id) if account.role is Role.MEMBER else EVERYTHING


def may_submit(account: Account) -> bool:
    """Whether `account` may hand in jobs and files."""
    return account.role is not Role.VIEWER


def may_govern(account: Account, job: Job) -> bool:
    """Whether `account` may cancel, requeue or change `job`."""
    if account.role in (Role.OPERATOR, Role.ADMIN):
        return True
    return account.role is Role.MEMBER and job.submitter_id == account.id
