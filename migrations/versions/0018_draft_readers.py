"""A report keeps the agency that saved its draft; `may_read_draft` decides who reads the draft.

`draft_writers` no longer names the reviewer whose return copied a revision into the draft: it is
empty until an account or a key saves that draft.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A draft that was saved at the instant of the last decision is the copy that a return made.
CLEAR_WRITERS = """
UPDATE report SET draft_writers = '{}'
WHERE draft IS NOT NULL AND draft_saved_at = (
    SELECT recorded_at FROM decision WHERE decision.report_id = report.id ORDER BY id DESC LIMIT 1
)
"""
FILL_AGENCIES = """
UPDATE report SET draft_agency_id = coalesce(
    (SELECT agency_id FROM account WHERE username = draft_saved_by),
    (SELECT agency_id FROM api_key WHERE draft_saved_by = 'api-key/' || api_key.id)
)
WHERE draft IS NOT NULL AND draft_writers <> '{}'
"""
FUNCTION = """
-- A draft that was not submitted is read by the agency whose report it is, and by the agency that
-- typed it: the coordinating office that enters a paper report, or a system that writes by key.
CREATE FUNCTION may_read_draft(typed_by bigint, of_agency bigint, reader bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(reader IN (of_agency, typed_by), false)
"""
FILL_WRITERS = """
UPDATE report SET draft_writers = ARRAY[draft_saved_by]
WHERE draft IS NOT NULL AND draft_writers = '{}'
"""


def upgrade() -> None:
    op.add_column("report", sa.Column("draft_agency_id", sa.BigInteger()))
    op.create_foreign_key(
        "report_draft_agency_id_fkey", "report", "agency", ["draft_agency_id"], ["id"]
    )
    op.execute(CLEAR_WRITERS)
    op.execute(FILL_AGENCIES)
    op.execute(FUNCTION)


def downgrade() -> None:
    op.execute("DROP FUNCTION may_read_draft(bigint, bigint, bigint)")
    op.execute(FILL_WRITERS)
    op.drop_constraint("report_draft_agency_id_fkey", "report", type_="foreignkey")
    op.drop_column("report", "draft_agency_id")
