"""Count wrong passwords in a table that all processes share."""

from collections.abc import Sequence

from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CREATE = """
CREATE TABLE sign_in_failure (
    name_hash text NOT NULL,
    network text NOT NULL,
    account_id bigint CONSTRAINT sign_in_failure_account_id_fkey REFERENCES account (id),
    origin text,
    failed_at timestamptz[] NOT NULL,
    unrecorded integer NOT NULL,
    recorded_at timestamptz,
    CONSTRAINT sign_in_failure_pkey PRIMARY KEY (name_hash, network)
)
"""


def upgrade() -> None:
    op.execute(CREATE)


def downgrade() -> None:
    op.drop_table("sign_in_failure")
