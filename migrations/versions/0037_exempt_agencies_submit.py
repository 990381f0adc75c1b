"""An exempt agency can submit, as since 0033, also with the condition of 0035."""

from collections.abc import Sequence

from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CAN_SUBMIT = """
-- Whether the agency can send its report, or the correction of one, at an instant. What moved to
-- successors is sent by them.
CREATE OR REPLACE FUNCTION can_submit(o owed_obligation, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN is_open(o, at) {condition} AND (o).report_status IN ('not_started', 'draft', 'returned')
    AND ((o).agency_existed OR (o).first_submitted_at IS NOT NULL);
"""


def upgrade() -> None:
    op.execute(CAN_SUBMIT.replace("{condition}", ""))


def downgrade() -> None:
    op.execute(CAN_SUBMIT.replace("{condition}", "AND (o).exempted_at IS NULL"))
