"""A calendar link belongs to the account that made it, and shows what that account sees now."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FILL_ACCOUNT = """
UPDATE calendar_link SET account_id = account.id FROM account WHERE username = created_by
"""
# Links of accounts that were closed before.
END_LINKS = """
UPDATE calendar_link SET revoked_at = calendar_link.created_at FROM account
WHERE account.id = account_id AND NOT account.active AND revoked_at IS NULL
"""
FILL_REACH = """
UPDATE calendar_link SET own_agency_only = account.role = 'reporter' FROM account
WHERE account.id = account_id
"""


def upgrade() -> None:
    op.add_column("calendar_link", sa.Column("account_id", sa.BigInteger()))
    op.execute(FILL_ACCOUNT)
    op.execute(END_LINKS)
    op.alter_column("calendar_link", "account_id", nullable=False)
    op.create_foreign_key(
        "calendar_link_account_id_fkey", "calendar_link", "account", ["account_id"], ["id"]
    )
    op.create_index("calendar_link_account_id_idx", "calendar_link", ["account_id"])
    op.drop_column("calendar_link", "own_agency_only")


def downgrade() -> None:
    op.add_column(
        "calendar_link",
        sa.Column("own_agency_only", sa.Boolean(), server_default="false", nullable=False),
    )
    op.execute(FILL_REACH)
    op.drop_index("calendar_link_account_id_idx", table_name="calendar_link")
    op.drop_constraint("calendar_link_account_id_fkey", "calendar_link", type_="foreignkey")
    op.drop_column("calendar_link", "account_id")
