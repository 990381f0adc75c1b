"""Limit the calendar links of reporters to their own agency."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "calendar_link",
        sa.Column("own_agency_only", sa.Boolean(), server_default="false", nullable=False),
    )
    op.execute(
        "UPDATE calendar_link SET own_agency_only = true FROM account"
        " WHERE account.username = calendar_link.created_by AND account.role = 'reporter'"
    )


def downgrade() -> None:
    op.drop_column("calendar_link", "own_agency_only")
