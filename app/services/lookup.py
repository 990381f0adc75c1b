"""Look-ups of plans, agencies and periods by code, within what a principal may see.

The visibility rule is `app.policy.Principal.reaches` and `knows`; in SQL it is the functions
`within_reach` and `within_horizon`, which every query uses.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.clock import local_day
from app.db.driver import Connection, Statement
from app.errors import AmbiguousPlan, FieldError, NotFound, ValidationFailed
from app.models.agencies import Agency
from app.models.periods import ReportingPeriod
from app.models.plans import Plan
from app.models.projects import PlanProject, Project
from app.policy import Principal
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import TIERS, AgencyKind

MOST_CHOICES = 50
"""At most so many plans are listed as choices where a request fits several."""

NO_SUCH_AGENCY = Bilingual(
    "Không có đơn vị {agency} trong phạm vi tài khoản được quản trị.",
    "There is no agency {agency} within your reach.",
)

# The codes of the visible plans that fit; a null parameter fits all.
LIST_PLAN_CODES = Statement("""
SELECT plan.code FROM plan JOIN agency ON agency.id = plan.owner_id
WHERE knows_plan(plan.id, agency.path, :horizon, :area)
AND (CAST(:code AS text) IS NULL OR plan.code = :code)
AND (CAST(:period AS text) IS NULL OR EXISTS (
    SELECT FROM reporting_period p WHERE p.plan_id = plan.id AND p.code = :period))
AND (CAST(:year AS int) IS NULL OR plan.year = :year OR EXISTS (
    SELECT FROM reporting_period p WHERE p.plan_id = plan.id AND p.year = :year))
ORDER BY plan.code LIMIT CAST(:most AS int)
""")

AgencyPath = InstrumentedAttribute[str] | ColumnElement[str]


def within_reach(principal: Principal, path: AgencyPath) -> ColumnElement[bool]:
    """`Principal.reaches` as a condition on a column of agency paths."""
    return func.within_reach(path, principal.reach_pattern)


def within_horizon(principal: Principal, path: AgencyPath) -> ColumnElement[bool]:
    """`Principal.knows` as a condition on a column of agency paths."""
    return func.within_horizon(path, principal.horizon)


def known_plans(principal: Principal) -> Select[Plan]:
    """The plans of governments within the principal's horizon, and those its area reports to."""
    return (
        select(Plan)
        .join(Agency, Agency.id == Plan.owner_id)
        .where(func.knows_plan(Plan.id, Agency.path, principal.horizon, principal.area_path))
    )


async def get_plan(
    session: AsyncSession,
    principal: Principal,
    code: str | None,
    *,
    period: str | None = None,
    year: int | None = None,
    project: str | None = None,
) -> Plan:
    """The plan named `code`, or the only one that has the given period, year or project.

    Raises:
        NotFound: no plan within the horizon fits.
        AmbiguousPlan: `code` is None and several fit.
    """
    query = known_plans(principal)
    if code is not None:
        query = query.where(Plan.code == code)
    if period is not None:
        query = query.where(
            exists().where(ReportingPeriod.plan_id == Plan.id, ReportingPeriod.code == period)
        )
    if year is not None:
        has_periods = exists().where(
            ReportingPeriod.plan_id == Plan.id, ReportingPeriod.year == year
        )
        query = query.where(or_(Plan.year == year, has_periods))
    if project is not None:
        query = query.where(_has_project(project))
    plans = list((await session.scalars(query.order_by(Plan.code).limit(MOST_CHOICES))).all())
    _ensure_one([plan.code for plan in plans], code, period, project)
    return plans[0]


async def list_plan_ids(
    session: AsyncSession, principal: Principal, code: str | None, *, project: str | None = None
) -> Sequence[int]:
    """The ids of the known plans that a list spans: the one named `code`, or all.

    project: only those that have a project with the code.

    Raises:
        NotFound: no plan within the horizon fits.
    """
    query = known_plans(principal).with_only_columns(Plan.id)
    if code is not None:
        query = query.where(Plan.code == code)
    if project is not None:
        query = query.where(_has_project(project))
    ids = (await session.scalars(query)).all()
    if not ids:
        raise _not_found(code, None, project)
    return ids


async def list_plan_codes(
    connection: Connection,
    principal: Principal,
    code: str | None,
    *,
    period: str | None = None,
    year: int | None = None,
) -> list[str]:
    """The codes of the known plans that fit, at most `MOST_CHOICES` and one; by the direct driver.

    Raises:
        NotFound: no plan within the horizon fits.
    """
    parameters = {
        "horizon": principal.horizon,
        "area": principal.area_path,
        "code": code,
        "period": period,
        "year": year,
        "most": MOST_CHOICES + 1,
    }
    rows = await LIST_PLAN_CODES.fetch_all(connection, parameters)
    if not rows:
        raise _not_found(code, period, None)
    return [str(row["code"]) for row in rows]


def _ensure_one(
    codes: list[str], code: str | None, period: str | None, project: str | None
) -> None:
    """Raise NotFound for none, AmbiguousPlan for several fitting plans."""
    if len(codes) > 1:
        raise AmbiguousPlan(plans=", ".join(codes), extra={"choices": codes})
    if not codes:
        raise _not_found(code, period, project)


async def get_managed_plan(
    session: AsyncSession,
    principal: Principal,
    code: str | None,
    *,
    period: str | None = None,
    project: str | None = None,
) -> Plan:
    """As `get_plan`, for a change: the principal must manage the plan (`get_manager`).

    Raises:
        NotFound: no plan that the principal may change fits.
        AmbiguousPlan: `code` is None and several fit.
    """
    plan = await get_plan(session, principal, code, period=period, project=project)
    manager = await get_manager(session, plan)
    if not principal.manages(manager.path):
        raise _not_found(code, period, project)
    return plan


async def get_manager(session: AsyncSession, plan: Plan) -> Agency:
    """The government that manages a plan: its owner, or the one that took it over."""
    owner = await session.get_one(Agency, plan.owner_id)
    if owner.taken_over_by_id is None:
        return owner
    return await session.get_one(Agency, owner.taken_over_by_id)


async def get_government(session: AsyncSession, plan: Plan, on: date) -> Agency:
    """The government of a plan on a day: its owner while that existed, later its manager."""
    owner = await session.get_one(Agency, plan.owner_id)
    if owner.valid_to is None or on <= owner.valid_to:
        return owner
    return await get_manager(session, plan)


def _has_project(code: str) -> ColumnElement[bool]:
    """The condition that a `Plan` has a project with the code."""
    return exists().where(
        PlanProject.plan_id == Plan.id,
        Project.id == PlanProject.project_id,
        Project.code == code,
    )


def _not_found(plan: str | None, period: str | None, project: str | None) -> NotFound:
    """The error for the narrowest thing that was asked for."""
    if project is not None:
        return NotFound(terms.PROJECT, code=project)
    if period is not None:
        return NotFound(terms.PERIOD, code=period)
    return NotFound(terms.PLAN, code=plan) if plan else NotFound(terms.ANY_PLAN)


def exists_on(day: date | InstrumentedAttribute[date]) -> ColumnElement[bool]:
    """The condition that an `Agency` exists on a day; the function takes its whole row."""
    return func.exists_on(literal_column("agency"), day)


async def get_agency(session: AsyncSession, principal: Principal, code: str, on: date) -> Agency:
    """The agency that has the code on a day, within the principal's horizon.

    Raises:
        NotFound: there is none.
    """
    agency = await session.scalar(
        select(Agency).where(
            Agency.code == code, exists_on(on), within_horizon(principal, Agency.path)
        )
    )
    if agency is None:
        raise NotFound(terms.AGENCY, code=code)
    return agency


async def get_body_agency(
    session: AsyncSession, principal: Principal, code: str, now: datetime
) -> Agency:
    """The agency within reach that the field `agency` of a body names today.

    Raises:
        ValidationFailed: there is none.
    """
    try:
        agency = await get_agency(session, principal, code, local_day(now))
    except NotFound:
        agency = None
    if agency is None or not principal.reaches(agency.path):
        raise ValidationFailed(
            [FieldError("/agency", "unknown_agency", NO_SUCH_AGENCY, {"agency": code})]
        )
    return agency


def district_code() -> ColumnElement[str | None]:
    """The code of an `Agency` that is a district, else null; as the column `district`."""
    is_district = Agency.kind == AgencyKind.DISTRICT
    return case((is_district, Agency.code), else_=None).label("district")


async def government_around(session: AsyncSession, path: str) -> Agency | None:
    """The nearest government at or above the agency with this path; None where there is none."""
    return await session.scalar(
        select(Agency)
        .where(Agency.kind.in_(TIERS), literal(path).startswith(Agency.path))
        .order_by(func.length(Agency.path).desc())
        .limit(1)
    )


async def reaches_area_around(session: AsyncSession, principal: Principal, path: str) -> bool:
    """Whether the principal reaches the area of the nearest government at or above an agency.

    Where there is no government, the agency itself has to be reached.
    """
    government = await government_around(session, path)
    return principal.reaches(government.path if government else path)
