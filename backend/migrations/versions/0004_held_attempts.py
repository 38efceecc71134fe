"""What each worker says it holds."""

import sqlalchemy as sa
from alembic import op

from millrace.store.types import JsonText

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("held", JsonText(), nullable=True))
