"""Expected figures name their projects, decimals and maximum, as a form needs them."""

from collections.abc import Sequence

from alembic import op

revision: str = "0044"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
-- The figures that an obligation expects, in the plan's order.
CREATE OR REPLACE FUNCTION expected_json(of_obligation bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_build_object(
            'project', e.project, 'project_name', j.name, 'indicator', e.indicator,
            'name', e.name, 'unit', e.unit, 'kind', e.kind, 'decimals', e.decimals,
            'maximum', trim_scale(e.maximum), 'required', e.required, 'note', e.note
        ) ORDER BY e.position), '[]')
        FROM expected_figure e
        JOIN indicator i ON i.id = e.indicator_id
        LEFT JOIN project j ON j.id = i.project_id
        WHERE e.obligation_id = of_obligation
    );
END;
$$
"""
DOWN = """
-- The figures that an obligation expects, in the order of the catalogue.
CREATE OR REPLACE FUNCTION expected_json(of_obligation bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_build_object(
            'project', e.project, 'indicator', e.indicator, 'name', e.name, 'unit', e.unit,
            'kind', e.kind, 'required', e.required, 'note', e.note
        ) ORDER BY e.position), '[]')
        FROM expected_figure e WHERE e.obligation_id = of_obligation
    );
END;
$$
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
