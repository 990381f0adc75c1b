"""Add links and codes by which people set their own passwords, and the requests for them."""

from collections.abc import Sequence

from alembic import op

revision: str = "0046"
down_revision: str | None = "0045"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CREATE_REQUEST = """
CREATE TABLE password_request (
    id bigint GENERATED ALWAYS AS IDENTITY,
    name_hash text NOT NULL,
    network text NOT NULL,
    origin text,
    requested_at timestamptz NOT NULL,
    handled_at timestamptz,
    CONSTRAINT password_request_pkey PRIMARY KEY (id)
)
"""
INDEX_REQUEST = """
CREATE INDEX password_request_network_idx ON password_request (network, requested_at)
"""
CREATE_LINK = """
CREATE TABLE password_link (
    id bigint GENERATED ALWAYS AS IDENTITY,
    account_id bigint NOT NULL CONSTRAINT password_link_account_id_fkey REFERENCES account (id),
    purpose varchar(32) NOT NULL
        CONSTRAINT password_link_linkpurpose_check CHECK (purpose IN ('invitation', 'reset')),
    delivery varchar(32) NOT NULL
        CONSTRAINT password_link_linkdelivery_check CHECK (delivery IN ('email', 'code')),
    secret_hash text,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    tries integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    not_before timestamptz NOT NULL,
    sent_at timestamptz,
    CONSTRAINT password_link_pkey PRIMARY KEY (id),
    CONSTRAINT password_link_code_check CHECK (delivery = 'email' OR secret_hash IS NOT NULL)
)
"""
INDEX_ACCOUNT = "CREATE INDEX password_link_account_id_idx ON password_link (account_id)"
INDEX_HASH = "CREATE UNIQUE INDEX password_link_secret_idx ON password_link (secret_hash)"
INDEX_TO_SEND = """
CREATE INDEX password_link_to_send_idx ON password_link (not_before)
WHERE delivery = 'email' AND sent_at IS NULL
"""


def upgrade() -> None:
    for statement in (
        CREATE_REQUEST,
        INDEX_REQUEST,
        CREATE_LINK,
        INDEX_ACCOUNT,
        INDEX_HASH,
        INDEX_TO_SEND,
    ):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("password_link")
    op.drop_table("password_request")
