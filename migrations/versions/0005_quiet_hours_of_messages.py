"""Store quiet hours with each message, so that retries respect them too."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("message", sa.Column("quiet_from", sa.Time(), nullable=True))
    op.add_column("message", sa.Column("quiet_until", sa.Time(), nullable=True))


def downgrade() -> None:
    op.drop_column("message", "quiet_until")
    op.drop_column("message", "quiet_from")
