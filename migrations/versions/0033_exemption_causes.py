"""An exemption can follow from a rule: the period was due before the plan took effect.

An exempt agency may send its report, so an exemption no longer closes a period for it. Existing
obligations stay as they are: no past answer changes.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CAUSES = ("decision", "due_before_plan")
REASON = "kỳ báo cáo đến hạn trước ngày kế hoạch có hiệu lực"
"""What the reason of the rule becomes on the way back."""

CAN_SUBMIT = """
-- Whether the agency can send its report, or the correction of one, at an instant.
CREATE OR REPLACE FUNCTION can_submit(o owed_obligation, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN is_open(o, at) {condition} AND (o).report_status IN ('not_started', 'draft', 'returned');
"""

EXEMPTION_JSON = """
-- The newest exemption of an obligation; plpgsql, so that it is only planned where one is in force.
CREATE FUNCTION exemption_json(of_obligation bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT json_build_object('cause', e.cause, 'reason', e.reason,
            'document_number', e.document_number)
        FROM exemption e WHERE e.obligation_id = of_obligation ORDER BY e.id DESC LIMIT 1
    );
END;
$$;
"""

OBLIGATION_JSON = """
CREATE OR REPLACE FUNCTION obligation_json(o owed_obligation, now timestamptz) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'plan', (o).plan, 'period', (o).period, 'agency', (o).agency, 'agency_name', (o).agency_name,
    'due_date', (o).due_date, 'late_from', (o).late_from, 'timeliness', timeliness(o, now),
    'days_late', days_late(o, now), 'days_left', days_left(o, now),
    'first_submitted_at', (o).first_submitted_at, 'report_status', (o).report_status,
    'extended', (o).due_date > (o).period_due_date, 'correction_due', (o).correction_due,
    'can_submit', can_submit(o, now), {exemption}'version', (o).report_version
);
"""
WITH_EXEMPTION = (
    "'exemption', CASE WHEN (o).exempted_at IS NOT NULL THEN exemption_json((o).id) END,\n    "
)

# After a downgrade: what the rule has exempted, as the audit events say.
RESTORE_CAUSES = """
UPDATE exemption SET cause = 'due_before_plan', reason = NULL
FROM audit_event e
WHERE e.at = exemption.recorded_at AND e.action = 'reporting_period.exempted'
"""


def upgrade() -> None:
    op.add_column(
        "exemption",
        sa.Column("cause", sa.String(32), server_default="decision", nullable=False),
    )
    op.create_check_constraint(op.f("exemption_exemptioncause_check"), "exemption", _is_cause())
    op.alter_column("exemption", "reason", nullable=True)
    op.execute(RESTORE_CAUSES)
    op.create_check_constraint(
        op.f("exemption_reason_check"), "exemption", "(cause = 'decision') = (reason IS NOT NULL)"
    )
    op.execute(CAN_SUBMIT.replace("{condition}", ""))
    op.execute(EXEMPTION_JSON)
    op.execute(OBLIGATION_JSON.replace("{exemption}", WITH_EXEMPTION))


def downgrade() -> None:
    op.execute(OBLIGATION_JSON.replace("{exemption}", ""))
    op.execute("DROP FUNCTION exemption_json(bigint)")
    op.execute(CAN_SUBMIT.replace("{condition}", "AND (o).exempted_at IS NULL"))
    op.drop_constraint("exemption_reason_check", "exemption")
    exemption = sa.table("exemption", sa.column("reason", sa.Text()))
    op.execute(exemption.update().where(exemption.c.reason.is_(None)).values(reason=REASON))
    op.alter_column("exemption", "reason", nullable=False)
    op.drop_column("exemption", "cause")


def _is_cause() -> sa.ColumnElement[bool]:
    return sa.column("cause").in_(CAUSES)
