"""The SQL of the progress of targets, of one plan or several.

`plan_targets` and `target_figures` are made by a migration.
"""

from sqlalchemy import text

# The targets of each plan, by its code.
LIST_TARGETS = text("""
SELECT json_object_agg(plan.code,
    plan_targets(p.id, :subtree, :as_of, CAST(:by_agency AS boolean)))::text
FROM reporting_period p JOIN plan ON plan.id = p.plan_id
WHERE p.id = ANY(CAST(:periods AS bigint[]))
""")

# The figures of the targets' indicators of each plan, by its code.
SUM_FIGURES = text("""
WITH report AS MATERIALIZED (
    SELECT (r).* FROM unnest(CAST(:periods AS bigint[])) AS period (id)
    CROSS JOIN LATERAL reports_as_of(period.id, :subtree, :as_of) AS r
)
SELECT json_build_object(
    'coverage', (
        SELECT CASE WHEN CAST(:most AS int) IS NULL THEN coverage(array_agg(each))
            ELSE coverage_up_to(array_agg(each), :most) END
        FROM (SELECT ROW(report.*)::report_as_of AS each FROM report) AS reports),
    'without_plan', (
        SELECT governments_without_plan(root, CAST(:periods AS bigint[]), CAST(:day AS date))
        FROM agency AS root WHERE root.id = :root_id),
    'plans', (
        SELECT coalesce(json_object_agg(plan.code, target_figures(p.id, :subtree, :as_of,
            CAST(:basis AS text), CAST(:codes AS text[]), CAST(:by_agency AS boolean))), '{}')
        FROM reporting_period p JOIN plan ON plan.id = p.plan_id
        WHERE p.id = ANY(CAST(:periods AS bigint[])))
)::text
""")
