"""Keep submissions until their notifications are planned."""

from collections.abc import Sequence

from alembic import op

revision: str = "0051"
down_revision: str | None = "0050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The submission's own statement adds a row; the next sweep deletes it and plans the notifications,
# both in one transaction. So none is lost and none is planned twice.
CREATE = """
CREATE TABLE arrival (
    revision_id bigint NOT NULL,
    CONSTRAINT arrival_pkey PRIMARY KEY (revision_id),
    CONSTRAINT arrival_revision_id_fkey FOREIGN KEY (revision_id) REFERENCES revision (id)
)
"""


def upgrade() -> None:
    op.execute(CREATE)


def downgrade() -> None:
    op.execute("DROP TABLE arrival")
