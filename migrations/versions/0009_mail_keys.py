"""Add account.mail_key, which authenticates the links in mails to the channel settings."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "account",
        sa.Column(
            "mail_key", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
    )
    op.create_unique_constraint("account_mail_key_key", "account", ["mail_key"])


def downgrade() -> None:
    op.drop_column("account", "mail_key")
