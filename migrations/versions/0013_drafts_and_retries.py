"""A report lists the writers of its draft; an idempotency key names the revision it made.

The answer to a retry is built from the report, so it is no longer stored with the key.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "report",
        sa.Column("draft_writers", ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.execute("UPDATE report SET draft_writers = ARRAY[draft_saved_by] WHERE draft IS NOT NULL")
    op.execute("DELETE FROM idempotency_record")  # kept for a day, and unreadable without its body
    op.add_column("idempotency_record", sa.Column("revision", sa.Integer(), nullable=False))
    op.alter_column("idempotency_record", "version", nullable=False)
    op.drop_column("idempotency_record", "body")


def downgrade() -> None:
    op.execute("DELETE FROM idempotency_record")
    op.alter_column("idempotency_record", "version", nullable=True)
    op.add_column("idempotency_record", sa.Column("body", sa.Text()))
    op.drop_column("idempotency_record", "revision")
    op.drop_column("report", "draft_writers")
