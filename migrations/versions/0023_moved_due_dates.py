"""Due dates of open periods can be moved; earlier ones are kept, so that old answers do not change.

`reports_as_of` judges by the due date that was in force at its instant. Reminders whose time came
before a move are not sent for the new date: the notification of the move names it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REPORTS_AS_OF = """
CREATE OR REPLACE FUNCTION reports_as_of(period_id bigint, subtree text, as_of timestamptz)
RETURNS SETOF report_as_of
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
    SELECT o.id, a.id, a.code, a.name, first.received_at, first.number IS NOT NULL,
        coalesce(exempt.exempt, false) AND first.number IS NULL,
        greatest(p.due_date, extended.due_date), greatest(p.late_from, extended.late_from),
        accepted.revision_id, last.id
    FROM {periods} p
    JOIN obligation o ON o.period_id = p.id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    LEFT JOIN LATERAL (
        SELECT number, received_at FROM revision v
        WHERE v.report_id = r.id AND v.recorded_at <= reports_as_of.as_of
        ORDER BY v.recorded_at LIMIT 1
    ) AS first ON true
    LEFT JOIN LATERAL (
        SELECT v.id FROM revision v
        WHERE v.report_id = r.id AND v.recorded_at <= reports_as_of.as_of
        ORDER BY v.recorded_at DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT d.revision_id FROM decision d
        WHERE d.report_id = r.id AND d.action = 'accepted'
        AND d.recorded_at <= reports_as_of.as_of
        ORDER BY d.recorded_at DESC LIMIT 1
    ) AS accepted ON true
    LEFT JOIN LATERAL (
        SELECT e.exempt FROM exemption e
        WHERE e.obligation_id = o.id AND e.recorded_at <= reports_as_of.as_of
        ORDER BY e.recorded_at DESC LIMIT 1
    ) AS exempt ON true
    LEFT JOIN LATERAL (
        SELECT x.due_date, x.late_from FROM extension x
        WHERE x.obligation_id = o.id AND x.recorded_at <= reports_as_of.as_of
        ORDER BY x.recorded_at DESC LIMIT 1
    ) AS extended ON true
    WHERE p.id = reports_as_of.period_id AND within_reach(a.path, reports_as_of.subtree)
    AND (o.added_at IS NULL OR o.added_at <= reports_as_of.as_of)
    AND (first.number IS NOT NULL OR exists_on(a, p.data_to));
END;
"""
# The period with the due date that was in force at `as_of`.
PERIODS_AS_OF = """(
        SELECT period.id, period.data_to, coalesce(old.due_date, period.due_date) AS due_date,
            coalesce(old.late_from, period.late_from) AS late_from
        FROM reporting_period period
        LEFT JOIN LATERAL (
            SELECT h.due_date, h.late_from FROM due_date_history h
            WHERE h.period_id = period.id AND h.valid_until > reports_as_of.as_of
            ORDER BY h.valid_until LIMIT 1
        ) AS old ON true
    ) AS"""

REMINDERS = """
CREATE OR REPLACE FUNCTION due_reminders(
    rule_ids bigint[], due_dates date[], numbers int[], send_ats timestamptz[],
    not_befores timestamptz[]
) RETURNS TABLE (
    obligation_id bigint, rule text, occurrence text, account_id bigint, channel text,
    audience text, template text, due_date date, send_at timestamptz, not_before timestamptz,
    quiet_from time, quiet_until time, recency bigint
)
LANGUAGE sql STABLE AS $$
    WITH due AS MATERIALIZED (
        SELECT o.id AS obligation_id, o.due_date, r.id AS rule_id, r.code AS rule, r.audience,
            r.template, r.channels, r.offset_days, r.quiet_from, r.quiet_until,
            c.number, c.send_at, c.not_before,
            CASE WHEN r.audience IN ('reporter', 'head') THEN o.agency_id ELSE o.district_id END
                AS recipient_agency_id
        FROM unnest(rule_ids, due_dates, numbers, send_ats, not_befores)
            AS c (rule_id, due_date, number, send_at, not_before)
        JOIN owed_obligation o ON o.due_date = c.due_date
        JOIN LATERAL rules_in_force(o.schedule_id, o.agency_id) AS r ON r.id = c.rule_id
        WHERE is_open(o, c.send_at)
        AND o.first_submitted_at IS NULL AND o.exempted_at IS NULL
        -- The notification of an extension has named the due date since.
        AND NOT EXISTS (
            SELECT FROM extension e WHERE e.obligation_id = o.id AND e.recorded_at >= c.send_at
        ){moved}
    )
    SELECT due.obligation_id, due.rule,
        due.due_date || CASE WHEN due.number > 0 THEN '/' || due.number ELSE '' END,
        recipient.account_id, channel, due.audience, due.template, due.due_date, due.send_at,
        due.not_before, due.quiet_from, due.quiet_until,
        row_number() OVER (
            PARTITION BY due.obligation_id, recipient.account_id, channel
            ORDER BY due.send_at DESC, due.offset_days DESC, due.rule_id
        )
    FROM due
    JOIN recipient ON recipient.audience = due.audience
        AND recipient.agency_id = due.recipient_agency_id
    JOIN contact ON contact.account_id = recipient.account_id
    CROSS JOIN LATERAL effective_channels(contact, due.channels) AS channel
$$;
"""
MOVED = """
        -- So has the notification of a move, unless an extension kept the due date.
        AND NOT (o.due_date = o.period_due_date AND EXISTS (
            SELECT FROM due_date_history h
            WHERE h.period_id = o.period_id AND h.valid_until >= c.send_at
        ))"""


def upgrade() -> None:
    op.create_table(
        "due_date_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("late_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["period_id"], ["reporting_period.id"], name="due_date_history_period_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="due_date_history_pkey"),
    )
    op.create_index("due_date_history_period_idx", "due_date_history", ["period_id", "valid_until"])
    op.execute(REPORTS_AS_OF.replace("{periods}", PERIODS_AS_OF))
    op.execute(REMINDERS.replace("{moved}", MOVED))


def downgrade() -> None:
    op.execute(REMINDERS.replace("{moved}", ""))
    op.execute(REPORTS_AS_OF.replace("{periods}", "reporting_period"))
    op.drop_table("due_date_history")
