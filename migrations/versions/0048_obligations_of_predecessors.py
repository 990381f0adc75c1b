"""List the obligations of an agency together with those of the agencies merged into it."""

from collections.abc import Sequence

from alembic import op

revision: str = "0048"
down_revision: str | None = "0047"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FUNCTION = """
-- The agencies whose reports an agency's people send: itself, and all of which it is the heir (see
-- `is_heir`).
CREATE FUNCTION represented_by(heir bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(
        WITH RECURSIVE line AS (
            SELECT heir AS agency_id
            UNION
            SELECT s.predecessor_id FROM line
            JOIN agency_succession s ON s.successor_id = line.agency_id
            WHERE s.whole AND s.reorganisation_id IS NOT NULL
        )
        SELECT agency_id FROM line
    );
END;
$$
"""


def upgrade() -> None:
    op.execute(FUNCTION)


def downgrade() -> None:
    op.execute("DROP FUNCTION represented_by(bigint)")
