"""Put the channel first in the pending-message index, as deliveries select by channel."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME, WAITS = "message_to_send_idx", sa.text("state IN ('waiting', 'sending')")


def upgrade() -> None:
    op.drop_index(NAME, table_name="message")
    op.create_index(NAME, "message", ["channel", "not_before", "id"], postgresql_where=WAITS)


def downgrade() -> None:
    op.drop_index(NAME, table_name="message")
    op.create_index(NAME, "message", ["not_before"], postgresql_where=WAITS)
