"""Figures name the day to which they are true; disbursements have estimates in annual reports."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ESTIMATES = ("estimate_year_end", "estimate_settlement")


def upgrade() -> None:
    op.add_column("revision_entry", sa.Column("actual_to", sa.Date()))
    for name in ESTIMATES:
        op.add_column("revision_disbursement", sa.Column(f"{name}_vnd", sa.BigInteger()))
        op.create_check_constraint(
            op.f(f"revision_disbursement_{name}_check"), "revision_disbursement", f"{name}_vnd >= 0"
        )


def downgrade() -> None:
    for name in ESTIMATES:
        op.drop_column("revision_disbursement", f"{name}_vnd")
    op.drop_column("revision_entry", "actual_to")
