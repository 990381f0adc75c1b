"""A sender can recall a report until a reviewer opens it; openings are recorded.

Reports that were submitted before count as not opened: nothing recorded who had read them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0049"
down_revision: str | None = "0048"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# As in migration 0034, but an opening and a recall change no aggregate either.
RECORD_EVENT = """
-- Append an event to the ledger of a plan (null: of no plan), and lock that until the commit.
-- Returns the event's instant: `now`, or just after the ledger's last one. What changes no
-- aggregate leaves `figures_at`: drafts, openings and recalls of reports; in the ledger of no plan,
-- changes of accounts and settings.
--
-- Until the commit, readers see in `pg_locks` that an event may come at `now` or later: a shared
-- advisory lock has the instant, in microseconds, as its key. A statement that took long to get
-- there is refused: its instant could lie before one that a reader took to be settled.
CREATE OR REPLACE FUNCTION record_event(of_plan bigint, now timestamptz, actor text, action text,
    subject text, agency_id bigint, origin text, before jsonb, after jsonb) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    entry ledger;
BEGIN
    PERFORM pg_advisory_xact_lock_shared((extract(epoch FROM now) * 1000000)::bigint);
    IF clock_timestamp() > statement_timestamp() + interval '5 seconds' THEN
        RAISE lock_not_available USING MESSAGE = 'the change waited too long to be recorded';
    END IF;
    UPDATE ledger SET
        last_at = greatest(now, last_at + interval '1 microsecond'),
        last_hash = event_hash(last_hash, greatest(now, last_at + interval '1 microsecond'),
            actor, action, subject, agency_id, origin, before, after),
        figures_at = CASE
            WHEN action IN ({unseen})
                OR of_plan IS NULL AND action !~ '^(agency|programme|reorganisation)\\.'
            THEN figures_at ELSE greatest(now, last_at + interval '1 microsecond') END
    WHERE ledger.plan_id = of_plan OR (of_plan IS NULL AND ledger.plan_id IS NULL)
    RETURNING * INTO STRICT entry;
    INSERT INTO audit_event
        (ledger_id, at, actor, action, subject, agency_id, origin, before, after, hash)
    VALUES (entry.id, entry.last_at, actor, action, subject, agency_id, origin, before, after,
        entry.last_hash);
    RETURN entry.last_at;
END;
$$
"""


def upgrade() -> None:
    op.add_column("report", sa.Column("opened_at", sa.DateTime(timezone=True)))
    op.create_table(
        "revision_opening",
        sa.Column("revision_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"]),
        sa.PrimaryKeyConstraint("revision_id"),
    )
    unseen = "'report.draft_saved', 'report.opened', 'report.recalled'"
    op.execute(RECORD_EVENT.replace("{unseen}", unseen))


def downgrade() -> None:
    op.execute(RECORD_EVENT.replace("{unseen}", "'report.draft_saved'"))
    op.drop_table("revision_opening")
    op.drop_column("report", "opened_at")
