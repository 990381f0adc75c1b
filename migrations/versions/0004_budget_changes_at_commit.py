"""Write budget changes at commit, independent of the order of the change and its audit event."""

from collections.abc import Sequence

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


NO_HISTORY = "DROP TRIGGER budget_line_history ON budget_line"


def upgrade() -> None:
    op.execute(NO_HISTORY)
    op.execute(
        "CREATE CONSTRAINT TRIGGER budget_line_history"
        " AFTER INSERT OR UPDATE OR DELETE ON budget_line"
        " DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION record_budget_change()"
    )


def downgrade() -> None:
    op.execute(NO_HISTORY)
    op.execute(
        "CREATE TRIGGER budget_line_history AFTER INSERT OR UPDATE OR DELETE ON budget_line"
        " FOR EACH ROW EXECUTE FUNCTION record_budget_change()"
    )
