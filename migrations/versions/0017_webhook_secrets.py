"""Webhooks are signed by Standard Webhooks, whose secrets are `whsec_` and base64.

The key of the signature stays the same bytes: those of the old secret's text. A secret that was
created since then remains as it is on the way back, where its whole text is the key.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ENCODE = """
UPDATE webhook SET secret = 'whsec_'
    || translate(encode(convert_to(secret, 'UTF8'), 'base64'), E'\\n', '')
WHERE NOT starts_with(secret, 'whsec_')
"""
DECODE = """
UPDATE webhook SET secret = convert_from(decode(substr(secret, 7), 'base64'), 'UTF8')
WHERE starts_with(secret, 'whsec_d2hz')
"""
"""`d2hz` is the base64 of `whs`, with which the old secrets begin."""


def upgrade() -> None:
    op.execute(ENCODE)


def downgrade() -> None:
    op.execute(DECODE)
