"""The due reminders and their recipients: SQL that the sweep and its preview share."""

from collections.abc import Sequence

from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REMINDERS = """
-- The reminders of due occurrences, a row for each obligation, account and channel. An occurrence
-- is a rule's reminder for a due date; the arguments hold one value for each occurrence.
-- number: the repetition, 0 for the first. send_at: when it should be sent. not_before: when it
-- can be sent, after the quiet hours. recency: 1 for the latest of an obligation, account and
-- channel, which replaces the earlier ones.
CREATE FUNCTION due_reminders(
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
        WHERE o.period_state = 'open'
        AND o.first_submitted_at IS NULL AND o.exempted_at IS NULL
        -- The notification of an extension has named the due date since.
        AND NOT EXISTS (
            SELECT FROM extension e WHERE e.obligation_id = o.id AND e.recorded_at >= c.send_at
        )
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

CORRECTIONS = """
-- The reporters to remind of returned reports whose correction is due tomorrow or today, or was
-- due since `oldest` and is missing. Each is reminded once before and once after that day, but not
-- on the day of the return, whose own notification names it.
CREATE FUNCTION due_corrections(today date, oldest date)
RETURNS TABLE (obligation_id bigint, occurrence text, account_id bigint)
LANGUAGE sql STABLE AS $$
    SELECT o.id, due.occurrence, recipient.account_id
    FROM report r
    JOIN obligation o ON o.id = r.obligation_id
    CROSS JOIN LATERAL (
        SELECT id, recorded_at FROM decision WHERE decision.report_id = r.id
        ORDER BY id DESC LIMIT 1
    ) AS return
    CROSS JOIN LATERAL (
        SELECT concat_ws('/', r.correction_due, return.id,
            CASE WHEN r.correction_due < today THEN 'overdue' END) AS occurrence
    ) AS due
    JOIN recipient ON recipient.audience = 'reporter' AND recipient.agency_id = o.agency_id
    WHERE r.status = 'returned' AND r.correction_due BETWEEN oldest AND today + 1
    AND today > return.recorded_at::date
    AND NOT EXISTS (
        SELECT FROM notification n
        WHERE (n.obligation_id, n.rule, n.occurrence, n.account_id)
            = (o.id, 'report.correction_due', due.occurrence, recipient.account_id)
    )
$$;
"""

DROP = """
DROP FUNCTION due_corrections(date, date);
DROP FUNCTION due_reminders(bigint[], date[], int[], timestamptz[], timestamptz[]);
"""


def upgrade() -> None:
    op.execute(REMINDERS)
    op.execute(CORRECTIONS)


def downgrade() -> None:
    _execute_script(DROP)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
