"""A closed period can be open for one agency: by an extension, or by the end of an exemption.

`sending_is_open` is the rule; drafts, submissions, reminders and notifications share it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FILL = """
UPDATE obligation SET reopened = true FROM reporting_period p
WHERE p.id = obligation.period_id AND p.state = 'closed'
AND obligation.exempted_at IS NULL AND obligation.first_submitted_at IS NULL
AND EXISTS (SELECT FROM exemption e WHERE e.obligation_id = obligation.id)
"""

VIEW = """
CREATE OR REPLACE VIEW owed_obligation AS
SELECT o.id, o.period_id, o.agency_id, o.due_date, o.late_from, o.first_submitted_at,
    o.exempted_at,
    p.plan_id, p.schedule_id, p.code AS period, p.year, p.frequency, p.ordinal, p.data_from,
    p.data_to, p.state AS period_state, p.due_date AS period_due_date,
    p.version AS period_version,
    plan.code AS plan, plan.title AS plan_title, plan.district_id, plan.due_soon_days,
    a.code AS agency, a.name AS agency_name, a.kind AS agency_kind, a.path AS agency_path,
    exists_on(a, p.data_to) AS agency_existed,
    r.id AS report_id, coalesce(r.status, 'not_started') AS report_status,
    coalesce(r.version, 0) AS report_version, r.correction_due, {reopened} AS reopened
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN plan ON plan.id = p.plan_id
JOIN agency a ON a.id = o.agency_id
LEFT JOIN report r ON r.obligation_id = o.id
WHERE exists_on(a, p.data_to) OR o.first_submitted_at IS NOT NULL;
"""

RULE = """
-- Whether an obligation takes a report at an instant: its period is open, or it is open for this
-- agency alone. That is so for a report that was returned or reopened, until the due date of an
-- extension, and after the end of an exemption, until the period is opened and closed again.
CREATE FUNCTION sending_is_open(period_state text, report_status text, due_date date,
    period_due_date date, late_from timestamptz, reopened boolean, at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN period_state = 'open' OR coalesce(report_status = 'returned', false)
    OR due_date > period_due_date AND at < late_from OR reopened;

CREATE FUNCTION is_open(o owed_obligation, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sending_is_open((o).period_state, (o).report_status, (o).due_date, (o).period_due_date,
    (o).late_from, (o).reopened, at);

-- Whether the agency can send its report, or the correction of one, at an instant.
CREATE FUNCTION can_submit(o owed_obligation, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN is_open(o, at) AND (o).exempted_at IS NULL
    AND (o).report_status IN ('not_started', 'draft', 'returned');
"""

OBLIGATION_JSON = """
CREATE OR REPLACE FUNCTION obligation_json(o owed_obligation, now timestamptz) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'plan', (o).plan, 'period', (o).period, 'agency', (o).agency, 'agency_name', (o).agency_name,
    'due_date', (o).due_date, 'late_from', (o).late_from, 'timeliness', timeliness(o, now),
    'days_late', days_late(o, now), 'days_left', days_left(o, now),
    'first_submitted_at', (o).first_submitted_at, 'report_status', (o).report_status,
    'extended', (o).due_date > (o).period_due_date, 'correction_due', (o).correction_due{more}
);
"""

REMINDERS = """
-- As in migration 0015, but an agency for which a closed period is open is reminded too.
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
        WHERE {awaited}
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

DROP_RULE = """
DROP FUNCTION can_submit(owed_obligation, timestamptz);
DROP FUNCTION is_open(owed_obligation, timestamptz);
DROP FUNCTION sending_is_open(text, text, date, date, timestamptz, boolean, timestamptz);
"""


def upgrade() -> None:
    op.add_column(
        "obligation",
        sa.Column("reopened", sa.Boolean(), server_default="false", nullable=False),
    )
    op.execute(FILL)
    op.execute(VIEW.replace("{reopened}", "o.reopened"))
    _execute_script(RULE)
    op.execute(OBLIGATION_JSON.replace("{more}", ",\n    'can_submit', can_submit(o, now)"))
    op.execute(REMINDERS.replace("{awaited}", "is_open(o, c.send_at)"))


def downgrade() -> None:
    op.execute(REMINDERS.replace("{awaited}", "o.period_state = 'open'"))
    op.execute(OBLIGATION_JSON.replace("{more}", ""))
    _execute_script(DROP_RULE)
    # A view keeps its columns while functions take its rows.
    op.execute(VIEW.replace("{reopened}", "false"))
    op.drop_column("obligation", "reopened")


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
