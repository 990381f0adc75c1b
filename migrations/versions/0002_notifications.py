"""Reminders, notifications, messages, and the job queue."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


JOB_QUEUE = Path(__file__).resolve().parent.parent / "procrastinate.sql"

NO_JOB_QUEUE = """
DO $$
DECLARE
    thing record;
BEGIN
    FOR thing IN SELECT tablename AS name FROM pg_tables
        WHERE schemaname = 'public' AND tablename LIKE 'procrastinate\\_%' LOOP
        EXECUTE format('DROP TABLE %I CASCADE', thing.name);
    END LOOP;
    FOR thing IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.proname LIKE 'procrastinate\\_%' LOOP
        EXECUTE format('DROP FUNCTION %s CASCADE', thing.name);
    END LOOP;
    FOR thing IN SELECT t.typname AS name FROM pg_type t
        JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = 'public' AND t.typname LIKE 'procrastinate\\_%'
        AND t.typtype IN ('e', 'c') LOOP
        EXECUTE format('DROP TYPE %I CASCADE', thing.name);
    END LOOP;
END $$
"""


def upgrade() -> None:
    # Many statements at once pass only outside prepared statements: by the driver itself.
    script = JOB_QUEUE.read_text(encoding="utf-8")
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
    op.create_table(
        "calendar_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="calendar_link_agency_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="calendar_link_pkey"),
        sa.UniqueConstraint("token_hash", name="calendar_link_token_hash_key"),
    )
    op.create_index("calendar_link_agency_id_idx", "calendar_link", ["agency_id"], unique=False)
    op.create_table(
        "webhook",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="webhook_agency_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="webhook_pkey"),
    )
    op.create_index("webhook_agency_id_idx", "webhook", ["agency_id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "webhook",
                "in_app",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sending",
                "sent",
                "failed",
                "empty",
                name="messagestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="message_account_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="message_pkey"),
    )
    op.create_index("message_account_idx", "message", ["account_id", "channel", "id"], unique=False)
    op.create_index(
        "message_to_send_idx",
        "message",
        ["not_before"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_table(
        "notification_preference",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("period_news", sa.Boolean(), server_default="true", nullable=False),
        sa.CheckConstraint(
            "cardinality(channels) > 0", name=op.f("notification_preference_channels_check")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="notification_preference_account_id_fkey"
        ),
        sa.PrimaryKeyConstraint("account_id", name="notification_preference_pkey"),
    )
    op.create_table(
        "reminder_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column(
            "day_kind",
            sa.Enum(
                "calendar",
                "working",
                name="daykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("repeat_days", sa.Integer(), nullable=True),
        sa.Column("repeat_times", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "audience",
            sa.Enum(
                "reporter",
                "head",
                "coordinator",
                "leadership",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("send_time", sa.Time(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=False),
        sa.Column("quiet_until", sa.Time(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "offset_days BETWEEN -60 AND 60", name=op.f("reminder_rule_offset_days_check")
        ),
        sa.CheckConstraint("repeat_days > 0", name=op.f("reminder_rule_repeat_days_check")),
        sa.CheckConstraint(
            "repeat_times BETWEEN 0 AND 30", name=op.f("reminder_rule_repeat_times_check")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="reminder_rule_agency_id_fkey"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name="reminder_rule_schedule_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="reminder_rule_pkey"),
        sa.UniqueConstraint(
            "schedule_id",
            "agency_id",
            "code",
            name="reminder_rule_schedule_id_agency_id_code_key",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("reminder_rule_agency_id_idx", "reminder_rule", ["agency_id"], unique=False)
    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("obligation_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "webhook",
                "in_app",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "audience",
            sa.Enum(
                "reporter",
                "head",
                "coordinator",
                "leadership",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column(
            "facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("planned_for", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "sent",
                "failed",
                "skipped",
                "superseded",
                name="notificationstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="notification_account_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name="notification_message_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligation.id"], name="notification_obligation_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="notification_pkey"),
        sa.UniqueConstraint(
            "obligation_id",
            "rule",
            "occurrence",
            "account_id",
            "channel",
            name="notification_once",
        ),
    )
    op.create_index("notification_account_id_idx", "notification", ["account_id"], unique=False)
    op.create_index("notification_message_idx", "notification", ["message_id"], unique=False)


def downgrade() -> None:
    op.execute(NO_JOB_QUEUE)
    op.drop_index("notification_message_idx", table_name="notification")
    op.drop_index("notification_account_id_idx", table_name="notification")
    op.drop_table("notification")
    op.drop_index("reminder_rule_agency_id_idx", table_name="reminder_rule")
    op.drop_table("reminder_rule")
    op.drop_table("notification_preference")
    op.drop_index(
        "message_to_send_idx",
        table_name="message",
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.drop_index("message_account_idx", table_name="message")
    op.drop_table("message")
    op.drop_index("webhook_agency_id_idx", table_name="webhook")
    op.drop_table("webhook")
    op.drop_index("calendar_link_agency_id_idx", table_name="calendar_link")
    op.drop_table("calendar_link")
