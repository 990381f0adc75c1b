"""Decide without a query whether a plan is known, where its owner's place in the tree tells."""

from collections.abc import Sequence

from alembic import op

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# PL/pgSQL starts faster than a function in SQL that is not inlined. The cost has the planner test
# cheaper conditions first: a list over a country evaluates it for thousands of plans.
UP = """
CREATE OR REPLACE FUNCTION knows_plan(plan_id bigint, owner_path text, horizon text, area text)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 AS $$
BEGIN
    IF within_reach(owner_path, horizon || '%') THEN
        RETURN true;
    END IF;
    IF NOT within_horizon(owner_path, area) THEN
        RETURN false;
    END IF;
    RETURN EXISTS (
        SELECT FROM agency reporter
        JOIN schedule_reporter r ON r.agency_id = reporter.id
        JOIN schedule s ON s.id = r.schedule_id
        WHERE s.plan_id = knows_plan.plan_id AND within_reach(reporter.path, area || '%')
    );
END;
$$
"""
DOWN = """
CREATE OR REPLACE FUNCTION knows_plan(plan_id bigint, owner_path text, horizon text, area text)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN within_reach(owner_path, horizon || '%') OR within_horizon(owner_path, area) AND EXISTS (
    SELECT FROM agency reporter
    JOIN schedule_reporter r ON r.agency_id = reporter.id
    JOIN schedule s ON s.id = r.schedule_id
    WHERE s.plan_id = knows_plan.plan_id AND within_reach(reporter.path, area || '%')
)
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
