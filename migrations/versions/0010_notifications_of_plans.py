"""Allow notifications about a plan, such as a failed import, without an obligation."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.alter_column("notification", "obligation_id", nullable=True)
    op.add_column("notification", sa.Column("plan_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("notification_plan_id_fkey", "notification", "plan", ["plan_id"], ["id"])
    op.create_check_constraint(
        op.f("notification_about_check"),
        "notification",
        "num_nonnulls(obligation_id, plan_id) = 1",
    )
    op.create_index(
        "notification_plan_once",
        "notification",
        ["plan_id", "rule", "occurrence", "account_id", "channel"],
        unique=True,
        postgresql_where=sa.text("plan_id IS NOT NULL"),
    )


def downgrade() -> None:
    # The older table cannot hold notifications about plans.
    op.execute("DELETE FROM notification WHERE obligation_id IS NULL")
    op.drop_column("notification", "plan_id")
    op.alter_column("notification", "obligation_id", nullable=False)
