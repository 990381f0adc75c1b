"""The form of a report: what an agency is asked for, with what it has reported and has to spend.

Five statements, whatever the number of figures; reading the report itself does without them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.db.driver import Connection, Row, Statement
from app.policy import Principal
from app.services.periods.obligations import ReportKey, ensure_one, parameters_of
from app.services.reports.nil import LastAmount, LastFigure
from app.services.reports.proposals import Beside, EarlierFigure, FormPeriod, beside
from app.text.bilingual import Bilingual
from app.text.periods import name_of_code
from app.vocabulary import Frequency, IndicatorKind, ReportStatus

# The period and the agency of a report that the principal may read, as GET_REPORT finds it.
GET_SUBJECT = Statement("""
SELECT DISTINCT ON (o.plan) o.id, o.plan, o.plan_id, o.period, o.period_id, o.frequency,
    o.ordinal, o.year, o.data_from, o.data_to, o.period_due_date, o.agency, o.agency_id,
    o.agency_name,
    ARRAY(
        SELECT p.code FROM obligation other JOIN reporting_period p ON p.id = other.period_id
        WHERE other.agency_id = o.agency_id AND p.plan_id = o.plan_id AND p.year = o.year
        AND other.exempted_at IS NOT NULL
    ) AS exempt_periods
FROM any_obligation o
LEFT JOIN report r ON r.id = o.report_id
WHERE o.period = :period AND o.agency = :agency
AND (o.agency_existed OR o.first_submitted_at IS NOT NULL OR r.draft IS NOT NULL)
AND (within_reach(o.agency_path, :reach) OR is_heir(:reader, o.agency_id))
AND (CAST(:plan AS text) IS NULL OR o.plan = :plan)
ORDER BY o.plan, o.agency_existed DESC
""")

# The projects that the agency has a part in, in the plan's order.
LIST_COMPONENTS = Statement("""
SELECT j.code AS project, j.name, parent.code AS parent, parent.name AS parent_name, s.role
FROM assignment s
JOIN plan_project adopted ON adopted.plan_id = s.plan_id AND adopted.project_id = s.project_id
JOIN project j ON j.id = s.project_id
LEFT JOIN project parent ON parent.id = j.parent_id
WHERE s.plan_id = :plan_id AND s.agency_id = :agency_id
ORDER BY adopted.position, j.code
""")

# The figures that the agency may give, or has to, in the plan's order.
LIST_FIGURES = Statement("""
SELECT e.indicator_id, e.project, j.name AS project_name, e.indicator, e.name, e.unit, e.kind,
    e.decimals, e.maximum, e.required, e.compared, e.note,
    'quarter' = ANY(adopted.frequencies) AS is_quarterly
FROM expected_figure e
JOIN indicator i ON i.id = e.indicator_id
JOIN plan_indicator adopted ON adopted.indicator_id = i.id AND adopted.plan_id = :plan_id
LEFT JOIN project j ON j.id = i.project_id
WHERE e.obligation_id = :obligation_id
ORDER BY e.position
""")

# The figures that the agency last submitted for periods of its programme that closed before, in
# this year and the one before. For a period without its own report: the sum over the agencies that
# were wholly merged into it, where all of them reported.
LIST_EARLIER_FIGURES = Statement("""
WITH RECURSIVE line (agency_id) AS (
    SELECT CAST(:agency_id AS bigint)
    UNION
    SELECT s.predecessor_id FROM line
    JOIN agency_succession s ON s.successor_id = line.agency_id AND s.whole
), owed AS (
    SELECT p.id AS period_id, p.code AS period, p.frequency, p.data_to, p.late_from, p.plan_id,
        o.agency_id = :agency_id AS is_own, a.code AS agency, r.status AS report_status,
        v.id AS revision_id
    FROM line
    JOIN agency a ON a.id = line.agency_id
    JOIN obligation o ON o.agency_id = line.agency_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN plan ON plan.id = p.plan_id
    LEFT JOIN report r ON r.obligation_id = o.id
    LEFT JOIN revision v ON v.report_id = r.id AND v.number = r.last_revision
    WHERE plan.programme_id = (SELECT programme_id FROM plan WHERE id = :plan_id)
    AND p.id <> :period_id AND p.data_to <= :data_to AND p.year >= CAST(:year AS int) - 1
    AND (o.moved_at IS NULL OR v.id IS NOT NULL)
), chosen AS (
    -- The agency's own report takes the place of those of its predecessors.
    SELECT owed.*, count(*) OVER (PARTITION BY period_id) AS reporters
    FROM owed
    WHERE is_own AND revision_id IS NOT NULL OR NOT is_own AND NOT EXISTS (
        SELECT FROM owed AS own
        WHERE own.period_id = owed.period_id AND own.is_own AND own.revision_id IS NOT NULL
    )
)
SELECT e.indicator_id, c.period, c.frequency, c.data_to, c.late_from,
    c.plan_id = :plan_id AS same_plan, sum(e.value) AS value,
    CASE WHEN count(*) = 1 THEN min(e.actual_to) END AS actual_to,
    array_agg(c.agency ORDER BY c.agency) AS agencies,
    CASE WHEN count(*) = 1 THEN min(c.report_status) END AS report_status
FROM chosen c JOIN revision_entry e ON e.revision_id = c.revision_id
WHERE e.indicator_id = ANY(CAST(:indicator_ids AS bigint[]))
GROUP BY e.indicator_id, c.period_id, c.period, c.frequency, c.data_to, c.late_from, c.plan_id,
    c.reporters
HAVING count(*) = c.reporters
""")

# The money of the agency's projects, of all if it reports only money, by source, origin and nature:
# the plan's, its own, and what it last reported as spent this year. A disbursement without a nature
# has that of the plan's money. Money that the plan does not have is listed once it was reported.
LIST_MONEY = Statement("""
WITH budget AS (
    SELECT b.project_id, b.source, b.origin, coalesce(b.nature, '') AS nature,
        sum(b.amount_vnd)::bigint AS plan_allocated_vnd,
        (sum(b.amount_vnd) FILTER (WHERE b.agency_id = :agency_id))::bigint AS allocated_vnd
    FROM budget_line b WHERE b.plan_id = :plan_id
    GROUP BY 1, 2, 3, 4
), only_nature AS (
    SELECT project_id, source, origin, min(nature) AS nature FROM budget
    GROUP BY project_id, source, origin HAVING count(*) = 1
), reported AS (
    SELECT d.project_id, d.source, d.origin,
        coalesce(d.nature, only_nature.nature, '') AS nature, d.amount_vnd,
        p.code AS period, p.data_to, p.late_from, r.status
    FROM obligation o
    JOIN reporting_period p ON p.id = o.period_id
    JOIN report r ON r.obligation_id = o.id
    JOIN revision v ON v.report_id = r.id AND v.number = r.last_revision
    JOIN revision_disbursement d ON d.revision_id = v.id
    LEFT JOIN only_nature USING (project_id, source, origin)
    WHERE o.agency_id = :agency_id AND p.plan_id = :plan_id AND p.year = :year
    AND p.id <> :period_id AND p.data_to <= :data_to
), spent AS (
    SELECT DISTINCT ON (project_id, source, origin, nature) * FROM reported
    ORDER BY project_id, source, origin, nature, data_to DESC, late_from DESC
)
SELECT j.code AS project, j.name AS project_name, source, origin, nullif(nature, '') AS nature,
    budget.allocated_vnd, budget.plan_allocated_vnd, spent.amount_vnd AS disbursed_vnd,
    spent.period AS disbursed_period, spent.status AS report_status
FROM budget FULL JOIN spent USING (project_id, source, origin, nature)
JOIN project j ON j.id = project_id
JOIN plan_project adopted ON adopted.project_id = j.id AND adopted.plan_id = :plan_id
WHERE EXISTS (
    SELECT FROM assignment s
    WHERE s.project_id = j.id AND s.plan_id = :plan_id AND s.agency_id = :agency_id
) OR EXISTS (
    SELECT FROM schedule_reporter reporter JOIN reporting_period p USING (schedule_id)
    WHERE p.id = :period_id AND reporter.agency_id = :agency_id AND reporter.money_only
)
ORDER BY adopted.position, j.code, source, origin DESC, nature
""")


@dataclass(frozen=True)
class FormFigure:
    """A figure that the agency may give, or has to: the columns of LIST_FIGURES."""

    row: Row
    beside: Beside


@dataclass(frozen=True)
class Form:
    """What the form of a report asks for, and what it shows beside.

    subject: the columns of GET_SUBJECT. components and money: rows of their statements.
    period_names: of the form's period and of all that it mentions, by code.
    """

    subject: Row
    components: Sequence[Row]
    figures: Sequence[FormFigure]
    money: Sequence[Row]
    period_names: Mapping[str, Bilingual]

    @property
    def last_figures(self) -> list[LastFigure]:
        """The figures with the values that hold until something happens.

        A cumulative figure is counted from 1 January, so that of another year is none.
        """
        return [self._last_figure(figure) for figure in self.figures]

    def _last_figure(self, figure: FormFigure) -> LastFigure:
        row, previous = figure.row, figure.beside.previous
        kind = IndicatorKind(row["kind"])
        of_this_year = previous and previous.period.startswith(f"{self.subject['year']}-")
        if kind is IndicatorKind.CUMULATIVE and not of_this_year:
            previous = None
        return LastFigure(
            row["project"],
            row["indicator"],
            kind,
            previous.value if previous else None,
            previous.period if previous else None,
        )

    @property
    def last_amounts(self) -> list[LastAmount]:
        """What the agency has reported as spent this year."""
        return [
            LastAmount(
                row["project"],
                row["source"],
                row["origin"],
                row["nature"],
                row["disbursed_vnd"],
                row["disbursed_period"],
            )
            for row in self.money
            if row["disbursed_vnd"] is not None
        ]

    @property
    def sections(self) -> list[str]:
        """The codes of the projects about which the report has figures or money, in their order."""
        codes = {figure.row["project"] for figure in self.figures}
        codes |= {row["project"] for row in self.money}
        return [row["project"] for row in self.components if row["project"] in codes]

    @property
    def asks_estimates(self) -> bool:
        """Whether the report is due before its data window has closed.

        A figure then has a day to which it is true, and an estimate for the whole period.
        """
        due: date = self.subject["period_due_date"]
        closes: date = self.subject["data_to"]
        return due <= closes

    @property
    def asks_money_estimates(self) -> bool:
        """Whether the report estimates what will be spent by the end of the year."""
        return bool(self.subject["frequency"] == Frequency.YEAR)


async def get(connection: Connection, principal: Principal, key: ReportKey) -> Form:
    """The form of an agency's report for a period.

    Raises:
        NotFound: no such obligation within the principal's reach.
        AmbiguousPlan: several plans have one, and none was named.
    """
    subjects = await GET_SUBJECT.fetch_all(connection, parameters_of(principal, key))
    ensure_one([row["plan"] for row in subjects], key)
    subject = subjects[0]
    parameters = {**subject, "obligation_id": subject["id"]}
    components = await LIST_COMPONENTS.fetch_all(connection, parameters)
    rows = await LIST_FIGURES.fetch_all(connection, parameters)
    parameters["indicator_ids"] = [row["indicator_id"] for row in rows]
    earlier = await LIST_EARLIER_FIGURES.fetch_all(connection, parameters)
    money = await LIST_MONEY.fetch_all(connection, parameters)
    period = _period_of(subject)
    named = {period.code, *period.quarters()}
    named |= {row["period"] for row in earlier}
    named |= {row["disbursed_period"] for row in money if row["disbursed_period"]}
    return Form(
        subject,
        components,
        _figures(rows, earlier, period),
        money,
        {code: name_of_code(code) for code in sorted(named)},
    )


def _period_of(subject: Row) -> FormPeriod:
    return FormPeriod(
        subject["period"],
        Frequency(subject["frequency"]),
        subject["year"],
        subject["ordinal"],
        frozenset(subject["exempt_periods"]),
    )


def _figures(
    rows: Sequence[Row], earlier: Sequence[Row], period: FormPeriod
) -> Sequence[FormFigure]:
    by_indicator: dict[int, list[EarlierFigure]] = {}
    for row in earlier:
        by_indicator.setdefault(row["indicator_id"], []).append(_earlier_figure(row))
    return [
        FormFigure(
            row,
            beside(
                IndicatorKind(row["kind"]),
                is_quarterly=row["is_quarterly"],
                period=period,
                earlier=by_indicator.get(row["indicator_id"], ()),
            ),
        )
        for row in rows
    ]


def _earlier_figure(row: Row) -> EarlierFigure:
    status: Any = row["report_status"]
    return EarlierFigure(
        period=row["period"],
        frequency=Frequency(row["frequency"]),
        data_to=row["data_to"],
        late_from=row["late_from"],
        value=row["value"],
        actual_to=row["actual_to"],
        agencies=tuple(row["agencies"]),
        report_status=status and ReportStatus(status),
        same_plan=row["same_plan"],
    )
