"""Add version numbers to assignments and working-day exceptions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for table in ("assignment", "working_day"):
        op.add_column(
            table, sa.Column("version", sa.BigInteger(), server_default="1", nullable=False)
        )


def downgrade() -> None:
    for table in ("working_day", "assignment"):
        op.drop_column(table, "version")
