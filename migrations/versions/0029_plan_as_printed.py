"""A plan has its number, day of issue, issuer, and the paragraphs that were in no field.

`effective_from` was the newest document that a plan cites, or the day of its load. Only the former
says something about the plan; the latter becomes null. Existing periods are not changed by it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLAN_COLUMNS = ("number", "issuer", "preamble", "targets_text", "closing")

FORGET_DAYS_OF_LOADS = """
UPDATE plan SET effective_from = NULL
WHERE NOT EXISTS (
    SELECT FROM legal_document d
    WHERE d.plan_id = plan.id AND d.issued_on = plan.effective_from
)
"""

FILL_EFFECTIVE_FROM = """
UPDATE plan SET effective_from = coalesce(
    (SELECT max(issued_on) FROM legal_document d WHERE d.plan_id = plan.id), CURRENT_DATE
)
WHERE effective_from IS NULL
"""


def upgrade() -> None:
    for name in PLAN_COLUMNS:
        op.add_column("plan", sa.Column(name, sa.Text()))
    op.add_column("plan", sa.Column("issued_on", sa.Date()))
    op.add_column("legal_document", sa.Column("cited_in", sa.Text()))
    op.alter_column("plan", "effective_from", nullable=True)
    op.execute(FORGET_DAYS_OF_LOADS)


def downgrade() -> None:
    op.execute(FILL_EFFECTIVE_FROM)
    op.alter_column("plan", "effective_from", nullable=False)
    op.drop_column("legal_document", "cited_in")
    op.drop_column("plan", "issued_on")
    for name in reversed(PLAN_COLUMNS):
        op.drop_column("plan", name)
