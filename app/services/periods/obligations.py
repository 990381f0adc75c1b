"""Obligations: addressed by period and agency, listed, and laid out as a matrix."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Connection, Statement
from app.db.pagination import decode_cursor, encode_cursor
from app.errors import AmbiguousPlan, NotFound, OtherOwner
from app.models.agencies import Agency
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod, Schedule
from app.models.plans import Plan
from app.policy import Principal
from app.services import lookup
from app.services.deadlines.sql import CONDITIONS, NOW, OWED, ROW
from app.services.lookup import exists_on
from app.text import terms
from app.text.names import official_name
from app.vocabulary import Timeliness

ORDER = (OWED.c.late_from, OWED.c.agency, OWED.c.id)
"""The order of the list, the earliest due first."""


@dataclass(frozen=True)
class ReportKey:
    """The codes by which an obligation, and its report, are addressed.

    The agency's code is read on the last day of the period's data window. A report of an agency
    that ended within the window stays under its code, where no other agency within reach has it on
    that day.
    """

    period: str
    agency: str
    plan: str | None = None


@dataclass(frozen=True)
class OwedReport:
    """An obligation with its period, agency and plan."""

    obligation: Obligation
    period: ReportingPeriod
    agency: Agency
    plan: Plan

    @property
    def subject(self) -> str:
        """The period and agency as audit events name them."""
        return f"{self.period.code}/{self.agency.code}"


async def get(
    session: AsyncSession, principal: Principal, key: ReportKey, *, lock: bool = False
) -> OwedReport:
    """The obligation of an agency in a period, within the principal's reach.

    With `lock` the obligation stays locked until the transaction ends, so that changes of one
    report come one after the other.

    Raises:
        NotFound: there is none.
        AmbiguousPlan: several plans have one, and none was named.
    """
    rows = await session.execute(_select_owed(lock), parameters_of(principal, key))
    by_plan: dict[str, OwedReport] = {}
    for row in rows:
        by_plan.setdefault(row.Plan.code, OwedReport(*row))
    ensure_one(list(by_plan), key)
    return next(iter(by_plan.values()))


async def get_managed(session: AsyncSession, principal: Principal, key: ReportKey) -> OwedReport:
    """As `get` with `lock`, for a decision of the government that manages the plan.

    Raises:
        NotFound, AmbiguousPlan: see `get`.
        OtherOwner: the principal does not manage the plan.
    """
    owed = await get(session, principal, key, lock=True)
    manager = await lookup.get_manager(session, owed.plan)
    if not principal.manages(manager.path):
        raise OtherOwner(plan=owed.plan.code, owner=official_name(manager.name, manager.kind))
    return owed


def parameters_of(principal: Principal, key: ReportKey) -> dict[str, Any]:
    """The parameters of every statement that addresses one report within the principal's reach."""
    return {
        "reach": principal.reach_pattern,
        "reader": principal.agency_id,
        "period": key.period,
        "agency": key.agency,
        "plan": key.plan,
    }


@cache
def _select_owed(lock: bool) -> Select[Obligation, ReportingPeriod, Agency, Plan]:
    """The statement of `get`, built once."""
    plan = bindparam("plan", type_=Text)
    query = (
        select(Obligation, ReportingPeriod, Agency, Plan)
        .join(ReportingPeriod, ReportingPeriod.id == Obligation.period_id)
        .join(Agency, Agency.id == Obligation.agency_id)
        .join(Plan, Plan.id == ReportingPeriod.plan_id)
        .where(
            ReportingPeriod.code == bindparam("period"),
            Agency.code == bindparam("agency"),
            exists_on(ReportingPeriod.data_to) | Obligation.first_submitted_at.is_not(None),
            func.within_reach(Agency.path, bindparam("reach"))
            | func.is_heir(bindparam("reader", type_=BigInteger), Agency.id),
            plan.is_(None) | (Plan.code == plan),
        )
        .order_by(Plan.code, exists_on(ReportingPeriod.data_to).desc())
    )
    if lock:
        # The share lock keeps the period from being closed meanwhile.
        query = query.with_for_update(of=Obligation, key_share=True).suffix_with(
            "FOR SHARE OF reporting_period"
        )
        query = query.execution_options(populate_existing=True)
    return query


def ensure_one(plans: list[str], key: ReportKey) -> None:
    """Ensure that exactly one plan has the obligation.

    Raises:
        NotFound: none has it.
        AmbiguousPlan: several have it.
    """
    if len(plans) > 1:
        raise AmbiguousPlan(plans=", ".join(plans), extra={"choices": plans})
    if not plans:
        raise NotFound(terms.REPORT, period=key.period, agency=key.agency)


# One obligation as JSON.
GET_OBLIGATION = Statement("""
SELECT obligation_json(o, schedule.due_text, :now)::text AS document
FROM owed_obligation o JOIN schedule ON schedule.id = o.schedule_id WHERE o.id = :id
""")


async def get_document(
    session: AsyncSession, principal: Principal, key: ReportKey, now: datetime
) -> str:
    """The obligation as JSON.

    Raises:
        NotFound: there is none within the principal's reach.
        AmbiguousPlan: several plans have one, and none was named.
    """
    owed = await get(session, principal, key)
    return await document_of(session, owed, now)


async def document_of(session: AsyncSession, owed: OwedReport, now: datetime) -> str:
    """An obligation that was read before, as JSON; its changes have to be flushed."""
    parameters = {"id": owed.obligation.id, "now": now}
    return str((await GET_OBLIGATION.fetch_all(session, parameters))[0]["document"])


@dataclass(frozen=True, kw_only=True)
class ObligationFilter:
    """Which obligations a list shows; None is all."""

    plan: str | None = None
    period: str | None = None
    year: int | None = None
    agency: str | None = None
    timeliness: Timeliness | None = None
    report_status: str | None = None

    def equalities(self) -> dict[str, Any]:
        """The columns of the view that have to equal a given value."""
        columns = ("plan", "period", "year", "agency", "report_status")
        values = {name: getattr(self, name) for name in columns}
        return {name: value for name, value in values.items() if value is not None}


async def list_page(
    connection: Connection,
    principal: Principal,
    filters: ObligationFilter,
    *,
    now: datetime,
    limit: int,
    cursor: str | None,
) -> str:
    """A page of obligations as JSON, the earliest due first.

    A reporter's are those of its agency and of the agencies that were merged into it.
    The database builds the items: clients ask for this list first and most often.

    Raises:
        NotFound: no such plan or period.
    """
    if filters.plan is not None or filters.period is not None:
        plans = await lookup.list_plan_codes(
            connection, principal, filters.plan, period=filters.period
        )
        filters = replace(filters, plan=plans[0] if len(plans) == 1 else None)
    equalities = filters.equalities()
    parameters = equalities | {
        "reach": principal.reach_pattern,
        "reader": principal.agency_id,
        "now": now,
        "most": limit + 1,
    }
    if cursor is not None:
        keys = decode_cursor(cursor, tuple_(*ORDER))
        parameters |= dict(zip(("after_late_from", "after_agency", "after_id"), keys, strict=True))
    statement = _page_statement(
        frozenset(equalities),
        filters.timeliness,
        own_agency_only=principal.own_agency_only,
        continued=cursor is not None,
    )
    row = (await statement.fetch_all(connection, parameters))[0]
    items, ids = row["items"] or [], row["ids"]
    next_cursor = None
    if len(items) > limit:
        last = json.loads(items[limit - 1])
        next_cursor = encode_cursor([last["late_from"], last["agency"], ids[limit - 1]])
    return f'{{"items":[{",".join(items[:limit])}],"next_cursor":{json.dumps(next_cursor)}}}'


@cache
def _page_statement(
    equalities: frozenset[str],
    timeliness: Timeliness | None,
    *,
    own_agency_only: bool,
    continued: bool,
) -> Statement:
    """The statement of `list_page` for one combination of filters, compiled once.

    Only the filters in use are in it, so that PostgreSQL finds the index that serves them.
    """
    item = cast(func.obligation_json(ROW, Schedule.due_text, NOW), Text).label("item")
    query = (
        select(item, OWED.c.id)
        .join(Schedule, Schedule.id == OWED.c.schedule_id)
        .where(
            OWED.c.agency_id == any_(func.represented_by(bindparam("reader", type_=BigInteger)))
            if own_agency_only
            else func.within_reach(OWED.c.agency_path, bindparam("reach"))
        )
    )
    for name in sorted(equalities):
        query = query.where(OWED.c[name] == bindparam(name))
    if timeliness is not None:
        query = query.where(CONDITIONS[timeliness])
    if continued:
        after = (
            bindparam("after_late_from", type_=OWED.c.late_from.type),
            bindparam("after_agency", type_=Text),
            bindparam("after_id", type_=BigInteger),
        )
        query = query.where(tuple_(*ORDER) > tuple_(*after))
    rows = query.order_by(*ORDER).limit(bindparam("most", type_=Integer)).subquery("page")
    # Two arrays cost the driver half as much as a row for each item; they keep the rows' order.
    return Statement(
        select(func.array_agg(rows.c.item).label("items"), func.array_agg(rows.c.id).label("ids"))
    )


# Agencies × periods of a year for each plan: the timeliness of each, the counts of each period.
GET_MATRIX = Statement("""
WITH cell AS (
    SELECT o.plan, o.agency_id, o.agency, o.agency_name, o.agency_kind, o.late_from, o.period,
        timeliness(o, :now) AS timeliness, days_late(o, :now) AS days_late, o.report_status,
        o.due_date, o.first_submitted_at
    FROM owed_obligation o
    WHERE within_reach(o.agency_path, :reach) AND o.plan = ANY(CAST(:plans AS text[]))
    AND o.year = :year
)
SELECT json_build_object(
    'plan', CASE WHEN cardinality(CAST(:plans AS text[])) = 1
        THEN (CAST(:plans AS text[]))[1] END,
    'plans', CAST(:plans AS text[]), 'year', CAST(:year AS int), 'now', CAST(:now AS timestamptz),
    'periods', (
        SELECT coalesce(json_agg(json_build_object(
            'plan', plan.code, 'code', p.code, 'frequency', p.frequency, 'due_date', p.due_date,
            'late_from', p.late_from, 'due_text', s.due_text, 'state', p.state,
            'counts', (SELECT json_object_agg(timeliness, n) FROM (
                SELECT timeliness, count(*) AS n FROM cell
                WHERE cell.plan = plan.code AND period = p.code GROUP BY 1
            ) AS counted)
        ) ORDER BY plan.code, p.late_from, p.code), '[]')
        FROM reporting_period p JOIN plan ON plan.id = p.plan_id
        JOIN schedule s ON s.id = p.schedule_id
        WHERE plan.code = ANY(CAST(:plans AS text[])) AND p.year = :year),
    'rows', (
        SELECT coalesce(json_agg(line ORDER BY plan, agency, agency_id), '[]') FROM (
            SELECT plan, agency, agency_id, json_build_object(
                'plan', plan, 'agency', agency, 'agency_name', agency_name, 'kind', agency_kind,
                'cells', json_agg(json_build_object(
                    'period', period, 'due_date', due_date, 'timeliness', timeliness,
                    'days_late', days_late, 'report_status', report_status,
                    'first_submitted_at', first_submitted_at
                ) ORDER BY late_from, period)
            ) AS line
            FROM cell GROUP BY plan, agency_id, agency, agency_name, agency_kind
        ) AS lines)
)::text AS document
""")


async def get_matrix(
    connection: Connection, principal: Principal, year: int, *, plan: str | None, now: datetime
) -> str:
    """The obligations of a year as JSON: one row per plan and agency, one cell per period.

    Raises:
        NotFound: no such plan, or none of that year.
        AmbiguousPlan: none was named, and more fit than a matrix can show.
    """
    plans = await lookup.list_plan_codes(connection, principal, plan, year=year)
    if len(plans) > lookup.MOST_CHOICES:
        choices = plans[:-1]
        raise AmbiguousPlan(plans=", ".join(choices), extra={"choices": choices})
    parameters = {"reach": principal.reach_pattern, "plans": plans, "year": year, "now": now}
    return str((await GET_MATRIX.fetch_all(connection, parameters))[0]["document"])
