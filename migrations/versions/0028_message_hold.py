"""Messages can be held: none leaves by e-mail or webhook until an operator releases them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NEW, OTHER = "dropped_by_operator", "delivery_error"
"""The new reason, and what it becomes on the way back."""
COLUMNS = {"notification": "why", "message": "error"}
REASONS = [
    "due",
    "happened",
    "fallback",
    "already_notified",
    "later_reminder",
    "later_event",
    NEW,
    "account_inactive",
    "role_changed",
    "agency_changed",
    "agency_ended",
    "agency_exempt",
    "agency_not_exempt",
    "report_submitted",
    "report_resubmitted",
    "report_not_accepted",
    "correction_moved",
    "period_closed",
    "period_open",
    "due_date_extended",
    "rule_dropped",
    "plan_loaded",
    "interrupted",
    "no_webhook",
    "no_mail_address",
    "invalid_mail_address",
    "mail_timeout",
    "webhook_timeout",
    "webhook_status",
    "webhook_unreachable",
    "webhook_not_public",
    "delivery_error",
]


def upgrade() -> None:
    op.create_table(
        "message_hold",
        sa.Column("id", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id", name=op.f("message_hold_single_check")),
        sa.PrimaryKeyConstraint("id", name="message_hold_pkey"),
    )
    _replace_checks(REASONS)


def downgrade() -> None:
    for table, column in COLUMNS.items():
        values = {"new": NEW, "other": OTHER}
        statement = sa.text(f"UPDATE {table} SET {column} = :other WHERE {column} = :new")  # noqa: S608 - names of this module
        op.get_bind().execute(statement, values)
    _replace_checks([reason for reason in REASONS if reason != NEW])
    op.drop_table("message_hold")


def _replace_checks(reasons: list[str]) -> None:
    for table, column in COLUMNS.items():
        name = op.f(f"{table}_notificationreason_check")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, sa.column(column).in_(reasons))
