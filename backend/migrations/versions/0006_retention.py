"""What has been kept long enough is found without a scan: finished jobs of each state, files to remove, sessions."""

import sqlalchemy as sa
from alembic import op

from millrace.store.types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_jobs_finished", table_name="jobs")
    op.create_index(
        "ix_jobs_finished",
        "jobs",
        ["state", "finished_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.add_column("files", sa.Column("discarded_at", UtcDateTime(), nullable=True))
    op.create_index(
        "ix_files_discarded",
        "files",
        ["discarded_at"],
        unique=False,
        sqlite_where=sa.text("discarded_at IS NOT NULL"),
        postgresql_where=sa.text("discarded_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
