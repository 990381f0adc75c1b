"""Each revision has a receipt number, which cannot be guessed. Earlier revisions get one too."""

from collections.abc import Sequence

from alembic import op

revision: str = "0050"
down_revision: str | None = "0049"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = (
    """
    -- 80 random bits as five groups of four hexadecimal digits, to be typed from paper.
    CREATE FUNCTION new_receipt_number() RETURNS text LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN upper(regexp_replace(
        left(md5(gen_random_uuid()::text || gen_random_uuid()::text), 20), '(....)(?=.)', '\\1-',
        'g'))
    """,
    "ALTER TABLE revision ADD receipt_number text NOT NULL DEFAULT new_receipt_number()",
    "ALTER TABLE revision ADD CONSTRAINT revision_receipt_number_key UNIQUE (receipt_number)",
)
DOWN = (
    "ALTER TABLE revision DROP COLUMN receipt_number",
    "DROP FUNCTION new_receipt_number()",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
