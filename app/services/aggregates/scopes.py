"""What a question about aggregates covers: plans, their periods, the root of the subtree, instants.

One small statement reads all of it, so that a question can be compared with an earlier answer at
little cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.clock import LOCAL
from app.db.driver import Driver, Row, Statement
from app.errors import AmbiguousPlan, AmbiguousProgramme, NotFound
from app.policy import Principal
from app.services.aggregates import regrouping as regroupings
from app.services.aggregates.paging import Paging
from app.services.aggregates.regrouping import Regrouping
from app.services.audit.settlement import (
    MARGIN,
    LedgerInstants,
    Settlement,
    ensure_askable,
    settle_all,
    settled_in_all_plans,
)
from app.text import terms
from app.vocabulary import Basis, Breakdown


@dataclass(frozen=True, kw_only=True)
class AggregateQuery:
    """The parameters of an aggregate.

    period: None for that of the plan's whole year. agency: root of the subtree; None for the
    default one. as_of: None for the newest settled instant. regroup: the day by whose agencies
    figures are shown; None for those that sent them. paging: the page of timeliness; None
    for all reports. now: the instant of the request.
    """

    period: str | None
    plan: str | None
    programme: str | None
    agency: str | None
    basis: Basis
    as_of: datetime | None
    now: datetime
    by: Breakdown | None = None
    regroup: date | None = None
    paging: Paging | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """The agency at the top of a subtree.

    subtree: the LIKE pattern of the paths at and below it; of its own path alone for a principal
    that does not reach subordinate agencies.
    """

    id: int
    code: str
    path: str
    subtree: str


@dataclass(frozen=True, slots=True)
class PlanPeriod:
    """A plan with its period of the question."""

    id: int
    plan: str
    plan_id: int
    data_to: date
    ledger: LedgerInstants


@dataclass(frozen=True, slots=True)
class Scope:
    """A question with its codes resolved.

    as_of: the instant of the figures of several plans; None for one plan, whose ledger settles an
    instant when the answer is computed. settled: the newest instant that is settled in all plans.
    definitions_at: the last change of agencies and definitions.
    """

    period: str
    periods: Sequence[PlanPeriod]
    programme: str
    root: Root
    as_of: datetime | None
    settled: datetime | None
    definitions_at: datetime
    regrouping: Regrouping | None

    def is_plain(self, query: AggregateQuery) -> bool:
        """Whether the answer is that of one plan, without breakdown, regrouping and pages."""
        is_whole = query.paging is None or not query.paging.is_asked
        is_one = len(self.periods) == 1 and query.by is None and query.regroup is None
        return is_one and is_whole

    def clock(self, query: AggregateQuery) -> datetime:
        """The instant at which timeliness is judged without an `as_of`."""
        return query.now if self.settled is None else self.settled - MARGIN

    async def settle(self, settlement: Settlement, query: AggregateQuery) -> datetime:
        """The settled instant of the figures.

        Raises:
            NotSettled: `as_of` lies after `now`.
            ValidationFailed: `as_of` lies before the plan's year.
        """
        if self.as_of is not None:
            return self.as_of
        return await settlement.settle(self.periods[0].ledger, query.as_of, query.now)

    async def settle_now(self, settlement: Settlement, query: AggregateQuery) -> datetime:
        """As `settle`, but without `as_of` the newest instant, whether anything changed or not."""
        if self.as_of is not None:
            return self.as_of if query.as_of else self.clock(query).astimezone(LOCAL)
        ledger = self.periods[0].ledger
        as_of = query.as_of or max(query.now, ledger.figures_at)
        return await settlement.settle(ledger, as_of, query.now)

    def head(self, query: AggregateQuery, as_of: datetime) -> dict[str, Any]:
        """What every answer begins with."""
        codes = [each.plan for each in self.periods]
        head: dict[str, Any] = {
            "period": self.period,
            "agency": self.root.code,
            "basis": query.basis.value,
            "as_of": as_of.isoformat(),
        }
        if self.is_plain(query):
            return {"plan": codes[0]} | head
        plans = {"programme": self.programme, "plans": codes}
        return plans | head | {"by": query.by and query.by.value}


# The known plans that have a period, each with what settles its figures and whether an agency of
# the subtree reports for it: one does where the plan's owner lies in the subtree. Each row repeats
# the possible roots of the subtree, as id, code and path: the agency that is asked for (its code
# read on the period's last day), the plan's owner (once that has ended, the government that manages
# the plan), the principal's own agency, and the root of its reach. They are subqueries, not joined:
# with each table more in the join, planning takes longer, and it took longer than the search.
LIST_PLANS = Statement("""
SELECT plan.id AS plan_id, plan.code AS plan, programme.code AS programme,
    p.id AS period_id, p.code AS period, p.data_to, p.generated_at,
    make_date(plan.year, 1, 1)::timestamptz AS begins_at, ledger.last_at, ledger.figures_at,
    (SELECT figures_at FROM ledger WHERE plan_id IS NULL) AS definitions_at,
    (SELECT ARRAY[government.id::text, government.code, government.path]
        FROM agency AS government WHERE government.id = CASE WHEN owner.valid_to < read.day
            THEN coalesce(owner.taken_over_by_id, owner.id) ELSE owner.id END) AS government,
    (SELECT ARRAY[own.id::text, own.code, own.path]
        FROM agency AS own WHERE own.id = :own_id) AS own,
    (SELECT ARRAY[top.id::text, top.code, top.path]
        FROM agency AS top WHERE top.path = CAST(:top AS text)) AS top,
    asked.root AS asked,
    CASE WHEN CAST(:moved AS bigint[]) IS NULL
        AND within_reach(owner.path, coalesce(asked.root[3] || CAST(:below AS text), :reach))
    THEN EXISTS (SELECT FROM obligation o WHERE o.period_id = p.id)
    ELSE EXISTS (
        SELECT FROM obligation o
        LEFT JOIN unnest(CAST(:moved AS bigint[]), CAST(:became AS bigint[]))
            AS m (agency_id, became_id) ON m.agency_id = o.agency_id
        JOIN agency reporter ON reporter.id = coalesce(m.became_id, o.agency_id)
        WHERE o.period_id = p.id
        AND within_reach(reporter.path, coalesce(asked.root[3] || CAST(:below AS text), :reach))
    ) END AS is_reported
FROM reporting_period p
JOIN plan ON plan.id = p.plan_id
JOIN programme ON programme.id = plan.programme_id
JOIN ledger ON ledger.plan_id = plan.id
JOIN agency AS owner ON owner.id = plan.owner_id
CROSS JOIN LATERAL (
    SELECT coalesce(CAST(:regroup AS date), p.data_to) AS day
) AS read
CROSS JOIN LATERAL (
    SELECT (SELECT ARRAY[a.id::text, a.code, a.path] FROM agency a
        WHERE a.code = CAST(:agency AS text) AND exists_on(a, read.day)) AS root
) AS asked
WHERE p.code = ANY(CASE WHEN CAST(:period AS text) IS NULL
    THEN ARRAY(SELECT DISTINCT year || '-Y' FROM plan) ELSE ARRAY[CAST(:period AS text)] END)
AND (CAST(:period AS text) IS NOT NULL OR p.year = plan.year AND p.frequency = 'year')
AND (CAST(:plan AS text) IS NULL OR plan.code = :plan)
AND (CAST(:programme AS text) IS NULL OR programme.code = :programme)
AND knows_plan(plan.id, owner.path, :horizon, :area)
ORDER BY plan.code COLLATE "C"
""")


async def resolve(driver: Driver, principal: Principal, query: AggregateQuery) -> Scope:
    """The scope of a question.

    Raises:
        NotFound: no such period, plan, programme or agency within reach.
        AmbiguousProgramme: plans of several programmes fit, and none was named.
        AmbiguousPlan: plans of several years fit, and neither a plan nor a period was named.
        NotSettled: `as_of` lies after the settled instants.
        ValidationFailed: `as_of` lies before the plan's year.
    """
    regrouping = await regroupings.read(driver, query.regroup) if query.regroup else None
    # A named plan is the only one, whose own ledger settles. For several the instant comes first:
    # the list is read afterwards, so it has all plans that were committed up to it.
    settled = None if query.plan else await settled_in_all_plans(driver, query.now)
    rows = await _list_plans(driver, principal, query, regrouping)
    if settled is None or len(rows) == 1:
        ensure_askable(_ledger(rows[0]), query.as_of, query.now)
        return _scope(rows, principal, query, regrouping, as_of=None, settled=None)
    figures_at = max(row["figures_at"] for row in rows)
    begins_at = min(row["begins_at"] for row in rows)
    as_of = settle_all(figures_at, begins_at, query.as_of, settled)
    return _scope(rows, principal, query, regrouping, as_of=as_of, settled=settled)


async def _list_plans(
    driver: Driver, principal: Principal, query: AggregateQuery, regrouping: Regrouping | None
) -> Sequence[Row]:
    """The plans whose reporters lie in the subtree; all that have the period where none do."""
    parameters = {
        "period": query.period,
        "plan": query.plan,
        "programme": query.programme,
        "agency": query.agency,
        "own_id": principal.agency_id,
        "top": principal.reach,
        "reach": principal.reach_pattern,
        "below": _below(principal),
        "horizon": principal.horizon,
        "area": principal.area_path,
        **regroupings.parameters_of(regrouping),
    }
    rows = await LIST_PLANS.fetch_all(driver, parameters)
    if not rows:
        raise _not_found(query)
    rows = [row for row in rows if row["is_reported"]] or rows
    programmes = sorted({row["programme"] for row in rows})
    if len(programmes) > 1:
        raise AmbiguousProgramme(programmes=", ".join(programmes), extra={"choices": programmes})
    if len({row["period"] for row in rows}) > 1:  # whole years, but not the same
        plans = [row["plan"] for row in rows]
        raise AmbiguousPlan(plans=", ".join(plans), extra={"choices": plans})
    return rows


def _not_found(query: AggregateQuery) -> NotFound:
    if query.period is not None:
        return NotFound(terms.PERIOD, code=query.period)
    return NotFound(terms.PLAN, code=query.plan) if query.plan else NotFound(terms.ANY_PLAN)


def _scope(
    rows: Sequence[Row],
    principal: Principal,
    query: AggregateQuery,
    regrouping: Regrouping | None,
    *,
    as_of: datetime | None,
    settled: datetime | None,
) -> Scope:
    """The scope of the plans that had the period at the instant."""
    fitting = rows
    if as_of is not None:
        fitting = [row for row in rows if not row["generated_at"] or row["generated_at"] <= as_of]
    return Scope(
        period=rows[0]["period"],
        periods=[_period(row) for row in fitting],
        programme=rows[0]["programme"],
        root=_root(fitting or rows, principal, query.agency),
        as_of=as_of,
        settled=settled,
        definitions_at=rows[0]["definitions_at"],
        regrouping=regrouping,
    )


def _root(rows: Sequence[Row], principal: Principal, agency: str | None) -> Root:
    """The agency that was asked for.

    By default that is the government of the only plan, where the principal reaches it, else its own
    agency; for several plans the root of its reach.
    """
    row = max(rows, key=lambda each: each["data_to"])
    if agency is None:
        if len(rows) > 1:
            return _agency(row["top"], principal)
        government = _agency(row["government"], principal)
        is_reached = principal.reaches(government.path)
        return government if is_reached else _agency(row["own"], principal)
    if row["asked"] is None or not principal.reaches(row["asked"][2]):
        raise NotFound(terms.AGENCY, code=agency)
    return _agency(row["asked"], principal)


def _agency(columns: Sequence[str], principal: Principal) -> Root:
    """An agency of a row of LIST_PLANS."""
    id_, code, path = columns
    return Root(int(id_), code, path, path + _below(principal))


def _below(principal: Principal) -> str:
    """What turns the path of an agency into the LIKE pattern of those that are summed for it."""
    return "" if principal.own_agency_only else "%"


def _period(row: Row) -> PlanPeriod:
    return PlanPeriod(
        id=row["period_id"],
        plan=row["plan"],
        plan_id=row["plan_id"],
        data_to=row["data_to"],
        ledger=_ledger(row),
    )


def _ledger(row: Row) -> LedgerInstants:
    return LedgerInstants(row["plan_id"], row["last_at"], row["figures_at"], row["begins_at"])
