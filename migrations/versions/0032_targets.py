"""Targets have an indicator, and values for the plan and for agencies, of which none is lost."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Until now a target had one value, which was as old as the plan.
KEEP_VALUES = """
INSERT INTO target_value (target_id, number, value, recorded_at)
SELECT id, 1, value, '-infinity' FROM target ORDER BY id
"""
RESTORE_VALUES = """
UPDATE target SET value = latest.value
FROM (
    SELECT DISTINCT ON (target_id) target_id, value FROM target_value
    WHERE agency_id IS NULL ORDER BY target_id, number DESC
) AS latest
WHERE latest.target_id = target.id
"""


def upgrade() -> None:
    op.add_column(
        "target",
        sa.Column(
            "indicator_id",
            sa.BigInteger(),
            sa.ForeignKey("indicator.id", name="target_indicator_id_fkey"),
        ),
    )
    op.create_index("target_indicator_id_idx", "target", ["indicator_id"])
    op.add_column(
        "target", sa.Column("measure", sa.String(32), nullable=False, server_default="value")
    )
    op.create_check_constraint(
        op.f("target_targetmeasure_check"), "target", "measure IN ('value', 'decrease', 'share')"
    )
    op.create_table(
        "target_value",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.BigInteger()),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(18, 4)),
        sa.Column("baseline", sa.Numeric(18, 4)),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "value >= 0 AND value <> 'NaN'::numeric", name=op.f("target_value_value_check")
        ),
        sa.CheckConstraint(
            "baseline >= 0 AND baseline <> 'NaN'::numeric", name=op.f("target_value_baseline_check")
        ),
        sa.CheckConstraint(
            "agency_id IS NOT NULL OR value IS NOT NULL", name=op.f("target_value_plan_value_check")
        ),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="target_value_target_id_fkey"),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="target_value_agency_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="target_value_pkey"),
        sa.UniqueConstraint(
            "target_id",
            "agency_id",
            "number",
            name="target_value_target_id_agency_id_number_key",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("target_value_agency_id_idx", "target_value", ["agency_id"])
    op.execute(KEEP_VALUES)
    op.drop_column("target", "value")


def downgrade() -> None:
    op.add_column("target", sa.Column("value", sa.Numeric(18, 4)))
    op.execute(RESTORE_VALUES)
    op.alter_column("target", "value", nullable=False)
    op.drop_table("target_value")
    op.drop_column("target", "measure")
    op.drop_column("target", "indicator_id")
