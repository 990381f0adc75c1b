"""A report remembers who has begun its draft, so that each is recorded once a draft."""

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


def downgrade() -> None:
    op.drop_column("report", "draft_writers")
