"""Obligations: found, listed, and laid out as a matrix."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Connection, Statement
from app.db.pagination import decode_cursor, encode_cursor
from app.errors import AmbiguousPlan, NotFound
from app.models.agencies import Agency
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod
from app.models.plans import Plan
from app.policy import Principal
from app.services.deadlines.sql import DAYS_LATE, FIELDS, FROM, IS, TIMELINESS, instants
from app.services.lookup import exists_on
from app.text import terms
from app.vocabulary import Timeliness


@dataclass(frozen=True)
class Place:
    """An obligation with what it hangs on."""

    obligation: Obligation
    period: ReportingPeriod
    agency: Agency
    plan: Plan

    @property
    def subject(self) -> str:
        """How the record of changes names it."""
        return f"{self.period.code}/{self.agency.code}"


async def find(
    session: AsyncSession,
    principal: Principal,
    period_code: str,
    agency_code: str,
    plan_code: str | None,
    *,
    lock: bool = False,
) -> Place:
    """The obligation of an agency in a period, within the principal's reach.

    The agency's code is read on the period's last day. With `lock`, it is held until the
    transaction ends: all changes of one report come one after the other.

    Raises:
        NotFound: there is none.
        AmbiguousPlan: several plans have one, and none was named.
    """
    query = _finding(principal.own_agency_only, plan_code is not None, lock)
    _, facts = reach_condition(principal)
    facts |= {"period": period_code, "agency": agency_code, "plan": plan_code}
    found = [Place(*row) for row in await session.execute(query, facts)]
    see_that_one_was_found([place.plan.code for place in found], period_code, agency_code)
    return found[0]


@cache
def _finding(
    own_agency_only: bool, in_named_plan: bool, lock: bool
) -> Select[Obligation, ReportingPeriod, Agency, Plan]:
    """The question of `find`, built once: every change of a report begins with it."""
    reach: BindParameter[str] = bindparam("reach")
    query = (
        select(Obligation, ReportingPeriod, Agency, Plan)
        .join(ReportingPeriod, ReportingPeriod.id == Obligation.period_id)
        .join(Agency, Agency.id == Obligation.agency_id)
        .join(Plan, Plan.id == ReportingPeriod.plan_id)
        .where(
            ReportingPeriod.code == bindparam("period"),
            Agency.code == bindparam("agency"),
            exists_on(ReportingPeriod.data_to),
            Agency.path == reach if own_agency_only else Agency.path.like(reach),
        )
        .order_by(Plan.code)
    )
    if in_named_plan:
        query = query.where(Plan.code == bindparam("plan"))
    if lock:
        # The share of the period keeps it from being closed halfway.
        query = query.with_for_update(of=Obligation, key_share=True).suffix_with(
            "FOR SHARE OF reporting_period"
        )
        query = query.execution_options(populate_existing=True)
    return query


def see_that_one_was_found(plans: list[str], period_code: str, agency_code: str) -> None:
    """See that just one plan has the obligation that was asked for.

    Raises:
        NotFound: none has it.
        AmbiguousPlan: several have it.
    """
    if len(plans) > 1:
        raise AmbiguousPlan(plans=", ".join(plans), extra={"choices": plans})
    if not plans:
        raise NotFound(terms.REPORT, period=period_code, agency=agency_code)


@cache
def _one() -> Statement:
    return Statement(
        f"SELECT json_build_object({FIELDS})::text AS document {FROM} WHERE o.id = :id"
    )


async def document(connection: Connection, obligation_id: int, now: datetime) -> str:
    """The obligation as JSON."""
    rows = await _one().fetch_all(connection, {"id": obligation_id} | instants(now))
    return str(rows[0]["document"])


@dataclass(frozen=True)
class Filter:
    """Which obligations a list shows; None is all."""

    plan: str | None = None
    period: str | None = None
    year: int | None = None
    agency: str | None = None
    timeliness: Timeliness | None = None
    status: str | None = None


async def listed(
    connection: Connection,
    principal: Principal,
    wanted: Filter,
    *,
    now: datetime,
    limit: int,
    cursor: str | None,
) -> str:
    """A page of obligations as JSON, the earliest due first.

    Built by the database: it is what every client asks for first and most often.
    """
    conditions, parameters = _conditions(principal, wanted)
    if cursor is not None:
        conditions += ("(o.late_from, a.code, o.id) > (:late_from, :code, :id)",)
        keys = decode_cursor(cursor, [datetime, str, int])
        parameters |= dict(zip(("late_from", "code", "id"), keys, strict=True))
    parameters |= instants(now) | {"limit": limit, "one_more": limit + 1}
    row = (await _page(conditions).fetch_all(connection, parameters))[0]
    last = [row["late_from"], row["code"], row["id"]]
    following = encode_cursor(last) if row["found"] > limit else None
    return f'{{"items":{row["page"]},"next_cursor":{json.dumps(following)}}}'


@cache
def _page(conditions: tuple[str, ...]) -> Statement:
    where = " AND ".join(conditions)
    return Statement(f"""
        WITH chosen AS (
            SELECT json_build_object({FIELDS}) AS item, o.late_from, a.code, o.id,
                row_number() OVER (ORDER BY o.late_from, a.code, o.id) AS position
            {FROM} WHERE {where}
            ORDER BY o.late_from, a.code, o.id LIMIT :one_more
        )
        SELECT
            coalesce(json_agg(item ORDER BY position) FILTER (WHERE position <= :limit), '[]')::text
                AS page,
            count(*) AS found,
            max(late_from) FILTER (WHERE position = :limit) AS late_from,
            max(code) FILTER (WHERE position = :limit) AS code,
            max(id) FILTER (WHERE position = :limit) AS id
        FROM chosen
    """)  # noqa: S608 - composed of constants


def _conditions(principal: Principal, wanted: Filter) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The conditions of a list, constants all, and the parameters that they name."""
    conditions, parameters = reach_condition(principal)
    for name, column in (("plan", "plan.code"), ("period", "p.code"), ("year", "p.year")):
        if (value := getattr(wanted, name)) is not None:
            conditions += (f"{column} = :{name}",)
            parameters[name] = value
    if wanted.agency is not None:
        conditions += ("a.code = :agency",)
        parameters["agency"] = wanted.agency
    if wanted.status is not None:
        conditions += ("coalesce(r.status, 'not_started') = :status",)
        parameters["status"] = wanted.status
    if wanted.timeliness is not None:
        conditions += (f"({IS[wanted.timeliness]})",)
    return conditions, parameters


def reach_condition(principal: Principal) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The condition that agency `a` is within the principal's reach."""
    if principal.own_agency_only:
        return ("a.path = :reach",), {"reach": principal.reach}
    return ("a.path LIKE :reach",), {"reach": principal.reach + "%"}


@cache
def _matrix(conditions: tuple[str, ...]) -> Statement:
    where = " AND ".join(conditions)
    return Statement(f"""
        WITH cell AS (
            SELECT a.id, a.code AS agency, a.name, a.kind, o.late_from, p.code AS period,
                {TIMELINESS} AS timeliness, o.first_submitted_at IS NOT NULL AS submitted,
                coalesce(r.status, 'not_started') AS report_status,
                {DAYS_LATE} AS days_late, o.due_date, o.first_submitted_at
            {FROM} WHERE {where}
        )
        SELECT json_build_object(
            'plan', CAST(:plan AS text), 'year', CAST(:year AS int),
            'now', CAST(:now AS timestamptz),
            'periods', (SELECT coalesce(json_agg(json_build_object(
                'code', p.code, 'frequency', p.frequency, 'due_date', p.due_date,
                'late_from', p.late_from, 'state', p.state,
                'counts', (SELECT json_object_agg(timeliness, n) FROM (
                    SELECT timeliness, count(*) AS n FROM cell WHERE period = p.code GROUP BY 1
                ) AS counted)
                ) ORDER BY p.late_from, p.code), '[]')
                FROM reporting_period p JOIN plan ON plan.id = p.plan_id
                WHERE plan.code = :plan AND p.year = :year),
            'rows', (SELECT coalesce(json_agg(line ORDER BY agency, id), '[]') FROM (
                SELECT agency, id, json_build_object(
                    'agency', agency, 'agency_name', name, 'kind', kind,
                    'cells', json_agg(json_build_object(
                        'period', period, 'due_date', due_date, 'timeliness', timeliness,
                        'days_late', days_late, 'report_status', report_status,
                        'first_submitted_at', first_submitted_at
                    ) ORDER BY late_from, period)
                ) AS line FROM cell GROUP BY id, agency, name, kind
            ) AS grouped)
        )::text AS document
    """)  # noqa: S608 - composed of constants


async def matrix(
    connection: Connection, principal: Principal, plan: str, year: int, now: datetime
) -> str:
    """Agencies × periods of a year as JSON: who stands how, and the counts of each period."""
    conditions, parameters = reach_condition(principal)
    conditions += ("plan.code = :plan", "p.year = :year")
    parameters |= {"plan": plan, "year": year} | instants(now)
    return str((await _matrix(conditions).fetch_all(connection, parameters))[0]["document"])
