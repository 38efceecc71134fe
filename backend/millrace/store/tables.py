"""The tables. `jobs` is the hot row: narrow, five indexes, and only what lists, moves and events need of a job."""

import sqlalchemy as sa

from millrace.store.types import Id, JsonText, PriorityLevel, StateWord, UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("account_id", Id, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("token_hash", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("last_used_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
    sa.Column("revoked_at", UtcDateTime),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("priority", PriorityLevel, nullable=False),
    sa.Column("state", StateWord, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("crashes", sa.Integer, nullable=False),
    # Its process died while others ran beside it: nobody else runs in its process from then on.
    sa.Column("runs_alone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("submitter_id", Id, nullable=False),
    sa.Column("tags", JsonText, nullable=False),
    sa.Column("time_limit_seconds", sa.Double, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("run_at", UtcDateTime, nullable=False),
    sa.Column("queued_at", UtcDateTime),
    sa.Column("started_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("worker_id", sa.Text),
    # Who last claimed and settled; cleared when the attempt is taken away, so that a late settlement finds no match.
    sa.Column("token", Id),
    sa.Column("cancel_requested_at", UtcDateTime),
    sa.Column("cancel_requested_by", Id),
    sa.Column("progress_seq", sa.Integer, nullable=False),
    sa.Column("progress_fraction", sa.Double),
    sa.Column("progress_message", sa.Text, nullable=False),
    sa.Column("error_code", sa.Text),
    sa.Column("error_message", sa.Text),
    sa.Column("version", sa.Integer, nullable=False),
)
# Ids are UUIDv7: the order of ids is the order of arrival, so lists need no index on created_at.
sa.Index("ix_jobs_state", jobs.c.state, jobs.c.id)
sa.Index("ix_jobs_submitter", jobs.c.submitter_id, jobs.c.id)
_due = sa.text("state IN ('scheduled', 'retrying')")
sa.Index("ix_jobs_due", jobs.c.run_at, sqlite_where=_due, postgresql_where=_due)
_queued = sa.text("state = 'queued'")
sa.Index("ix_jobs_queued", jobs.c.queued_at, jobs.c.id, sqlite_where=_queued, postgresql_where=_queued)
_finished = sa.text("finished_at IS NOT NULL")
sa.Index("ix_jobs_finished", jobs.c.state, jobs.c.finished_at, sqlite_where=_finished, postgresql_where=_finished)

job_payloads = sa.Table(
    "job_payloads",
    metadata,
    sa.Column("job_id", Id, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("payload", JsonText, nullable=False),
)

job_results = sa.Table(
    "job_results",
    metadata,
    sa.Column("job_id", Id, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("result", JsonText, nullable=False),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("job_id", Id, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("worker_id", sa.Text),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("error_code", sa.Text),
    sa.Column("error_type", sa.Text),
    sa.Column("error_message", sa.Text),
    sa.Column("traceback", sa.Text),
)

job_logs = sa.Table(
    "job_logs",
    metadata,
    sa.Column("job_id", Id, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("submitter_id", Id, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("owner_id", Id, nullable=False, index=True),
    sa.Column("job_id", Id),
    sa.Column("attempt", sa.Integer),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    # Since when nobody sees it any more; its content goes next, its row last.
    sa.Column("discarded_at", UtcDateTime),
    # Uploads have no job, and NULLs never collide.
    sa.UniqueConstraint("job_id", "attempt", "name"),
)
_discarded = sa.text("discarded_at IS NOT NULL")
sa.Index("ix_files_discarded", files.c.discarded_at, sqlite_where=_discarded, postgresql_where=_discarded)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("python", sa.Text, nullable=False),
    sa.Column("queues", JsonText, nullable=False),
    sa.Column("processes", sa.Integer, nullable=False),
    sa.Column("threads", sa.Integer, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("beats", sa.BigInteger, nullable=False),
    sa.Column("beat_at", UtcDateTime, nullable=False),
    sa.Column("memory_bytes", sa.BigInteger, nullable=False),
    sa.Column("quiet_requested_at", UtcDateTime),
    sa.Column("quiet_requested_by", Id),
    sa.Column("stop_requested_at", UtcDateTime),
    sa.Column("stop_requested_by", Id),
)

# The processes of workers. Jobs that run are booked on these: their `worker_id` is a process' id.
worker_processes = sa.Table(
    "worker_processes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("worker_id", sa.Text, nullable=False, index=True),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("beats", sa.BigInteger, nullable=False),
    sa.Column("beat_at", UtcDateTime, nullable=False),
    sa.Column("held", JsonText),  # null while the process works and answers nobody
    sa.Column("busy", sa.Integer, nullable=False),
    sa.Column("memory_bytes", sa.BigInteger, nullable=False),
)

queue_limits = sa.Table(
    "queue_limits",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("concurrency", sa.Integer),
    sa.Column("rate", sa.Integer),
    sa.Column("period_milliseconds", sa.Integer),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("updated_by", Id, nullable=False),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)
