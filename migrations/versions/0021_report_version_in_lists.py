"""The answer about an obligation has the version of its report, so a list can be edited from."""

from collections.abc import Sequence

from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OBLIGATION_JSON = """
CREATE OR REPLACE FUNCTION obligation_json(o owed_obligation, now timestamptz) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'plan', (o).plan, 'period', (o).period, 'agency', (o).agency, 'agency_name', (o).agency_name,
    'due_date', (o).due_date, 'late_from', (o).late_from, 'timeliness', timeliness(o, now),
    'days_late', days_late(o, now), 'days_left', days_left(o, now),
    'first_submitted_at', (o).first_submitted_at, 'report_status', (o).report_status,
    'extended', (o).due_date > (o).period_due_date, 'correction_due', (o).correction_due,
    'can_submit', can_submit(o, now){more}
);
"""


def upgrade() -> None:
    op.execute(OBLIGATION_JSON.replace("{more}", ", 'version', (o).report_version"))


def downgrade() -> None:
    op.execute(OBLIGATION_JSON.replace("{more}", ""))
