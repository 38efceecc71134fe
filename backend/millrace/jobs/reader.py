"""Every look at jobs, through the eyes of one account: what it may not see isn't there."""

from collections.abc import Sequence

from millrace.accounts.account import Account
from millrace.jobs.job import AttemptRecord, Job, LogLine, Payload
from millrace.jobs.ports import FileDirectory, JobFilter, JobQueries, StoredFile
from millrace.jobs.service import JobNotFound
from millrace.jobs.visibility import visible_to


class JobReader:
    """Reads jobs and what belongs to them. Every method on one job raises `JobNotFound` where it isn't visible."""

    def __init__(self, queries: JobQueries, files: FileDirectory) -> None:
        self._queries = queries
        self._files = files

    def page(self, where: JobFilter, before: str | None, limit: int, reader: Account) -> Sequence[Job]:
        """Up to `limit` jobs, newest first, with ids below `before`."""
        return self._queries.page(where, visible_to(reader), before, limit)

    def get(self, job_id: str, reader: Account) -> Job:
        """The job's row."""
        job = self._queries.get(job_id, visible_to(reader))
        if job is None:
            raise JobNotFound
        return job

    def payload(self, job: Job) -> Payload:
        """What the job was given."""
        return self._queries.payload_of(job.id)

    def result(self, job: Job) -> Payload | None:
        """What the job returned, once it completed."""
        return self._queries.result_of(job.id)

    def attempts(self, job_id: str, reader: Account) -> Sequence[AttemptRecord]:
        """What became of each finished attempt, newest first."""
        return self._queries.attempts_of(self.get(job_id, reader).id)

    def logs(self, job_id: str, after_seq: int, limit: int, reader: Account) -> Sequence[LogLine]:
        """Lines of the job's current attempt, past `after_seq`, in order."""
        job = self.get(job_id, reader)
        return self._queries.logs_of(job.id, job.attempt, after_seq, limit)

    def artifacts(self, job_id: str, reader: Account) -> Sequence[StoredFile]:
        """Files that the job's current attempt made."""
        job = self.get(job_id, reader)
        return self._files.artifacts_of(job.id, job.attempt)
