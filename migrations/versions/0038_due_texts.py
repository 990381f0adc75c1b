"""A schedule keeps the due date in the plan's own words, which every obligation shows."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OBLIGATION_JSON = """
-- The fields that an obligation has in every answer.
CREATE FUNCTION obligation_json(o owed_obligation, {parameter}now timestamptz) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'plan', (o).plan, 'period', (o).period, 'agency', (o).agency, 'agency_name', (o).agency_name,
    'due_date', (o).due_date, 'late_from', (o).late_from, {field}
    'timeliness', timeliness(o, now),
    'days_late', days_late(o, now), 'days_left', days_left(o, now),
    'first_submitted_at', (o).first_submitted_at, 'report_status', (o).report_status,
    'extended', (o).due_date > (o).period_due_date, 'correction_due', (o).correction_due,
    'can_submit', can_submit(o, now),
    'exemption', CASE WHEN (o).exempted_at IS NOT NULL THEN exemption_json((o).id) END,
    'version', (o).report_version
);
"""
DUE_TEXT = "'due_text', CASE WHEN (o).due_date = (o).period_due_date THEN due_text END,"


def upgrade() -> None:
    op.add_column("schedule", sa.Column("due_text", sa.Text()))
    op.execute("DROP FUNCTION obligation_json(owed_obligation, timestamptz)")
    with_text = OBLIGATION_JSON.replace("{parameter}", "due_text text, ")
    op.execute(with_text.replace("{field}", DUE_TEXT))


def downgrade() -> None:
    op.execute("DROP FUNCTION obligation_json(owed_obligation, text, timestamptz)")
    op.execute(OBLIGATION_JSON.replace("{parameter}", "").replace("{field}", ""))
    op.drop_column("schedule", "due_text")
