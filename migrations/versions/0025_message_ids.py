"""Messages get ids that never repeat, also after a backup was restored: UUIDs of version 7.

Receivers of webhooks recognise a repeated message by its id. `new_message_id` builds on what
PostgreSQL 15 has; `uuidv7` exists from 18 on. An existing message keeps its place: its new id holds
the instant at which it was created and its old number, so that another migration of the same
backup gives the same ids.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FUNCTION = """
-- A UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, the version, 12 bits of the
-- fraction of the millisecond (6.2, method 3), the variant, and 62 random bits. A microsecond is
-- 512/125 of a 4096th of a millisecond. One expression, so that the planner inlines it.
CREATE FUNCTION new_message_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE RETURN CAST(
    overlay(
        lpad(to_hex(CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) * 512 / 125),
            15, '0')
        PLACING '7' FROM 13 FOR 0
    ) || right(replace(CAST(gen_random_uuid() AS text), '-', ''), 16)
    AS uuid);
"""

# The number of a message becomes the last 62 bits, which are random in a new id.
NUMBER_TO_UUID = """
UPDATE message SET new_id = CAST(encode(
    substring(int8send(CAST(floor(extract(epoch FROM created_at) * 1000) AS bigint)) FROM 3)
        || int2send(CAST(28672 AS smallint)) || int8send((-9223372036854775807 - 1) | id),
    'hex') AS uuid)
"""
UUID_TO_NUMBER = """
UPDATE message SET new_id = numbered.number
FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM message) AS numbered
WHERE numbered.id = message.id
"""
MOVE_REFERENCES = """
UPDATE notification SET new_message_id = message.new_id
FROM message WHERE message.id = notification.message_id
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    _replace_ids(sa.Uuid(), NUMBER_TO_UUID)
    op.execute("ALTER TABLE message ALTER id SET DEFAULT new_message_id()")


def downgrade() -> None:
    _replace_ids(sa.BigInteger(), UUID_TO_NUMBER)
    op.execute("ALTER TABLE message ALTER id ADD GENERATED ALWAYS AS IDENTITY")
    op.execute("SELECT setval('message_id_seq', max(id)) FROM message HAVING max(id) > 0")
    op.execute("DROP FUNCTION new_message_id()")


def _replace_ids(kind: sa.Uuid[UUID] | sa.BigInteger, convert: str) -> None:
    """Replace the ids of messages by ids of another type, and the references to them."""
    # 1. The new ids, beside the old ones.
    op.add_column("message", sa.Column("new_id", kind))
    op.execute(convert)
    op.add_column("notification", sa.Column("new_message_id", kind))
    op.execute(MOVE_REFERENCES)
    # 2. Drop the old ones, with their keys and indexes.
    op.drop_column("notification", "message_id")
    op.drop_column("message", "id")
    # 3. Give the new ones the names, keys and indexes of the old ones.
    op.alter_column("message", "new_id", new_column_name="id")
    op.alter_column("message", "id", nullable=False)
    op.alter_column("notification", "new_message_id", new_column_name="message_id")
    op.create_primary_key("message_pkey", "message", ["id"])
    op.create_foreign_key(
        "notification_message_id_fkey", "notification", "message", ["message_id"], ["id"]
    )
    op.create_index("notification_message_idx", "notification", ["message_id"])
    op.create_index("message_account_idx", "message", ["account_id", "channel", "id"])
    waits = sa.text("state IN ('waiting', 'sending')")
    columns = ["channel", "not_before", "id"]
    op.create_index("message_to_send_idx", "message", columns, postgresql_where=waits)
