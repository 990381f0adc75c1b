"""Store working-day exceptions per district instead of globally."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Copy the global exceptions to each district with a plan, so that no due date changes.
EACH_ITS_OWN = """
    INSERT INTO working_day (district_id, day, change, note)
    SELECT district.id, day, change, note FROM working_day
    CROSS JOIN (SELECT DISTINCT district_id AS id FROM plan) AS district
"""
# Where districts differ, keep the exception of the district with the smallest id.
ONE_FOR_ALL = """
    DELETE FROM working_day USING working_day AS older
    WHERE older.day = working_day.day AND older.district_id < working_day.district_id
"""


def upgrade() -> None:
    op.add_column("working_day", sa.Column("district_id", sa.BigInteger(), nullable=True))
    op.drop_constraint("working_day_pkey", "working_day")
    op.execute(EACH_ITS_OWN)
    op.execute("DELETE FROM working_day WHERE district_id IS NULL")
    op.create_primary_key("working_day_pkey", "working_day", ["district_id", "day"])
    op.create_foreign_key(
        "working_day_district_id_fkey", "working_day", "agency", ["district_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint("working_day_district_id_fkey", "working_day")
    op.drop_constraint("working_day_pkey", "working_day")
    op.execute(ONE_FOR_ALL)
    op.drop_column("working_day", "district_id")
    op.create_primary_key("working_day_pkey", "working_day", ["day"])
