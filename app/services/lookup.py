"""What a code on the wire stands for: plans, agencies and periods that the principal may know."""

from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.db.driver import Connection, Statement
from app.errors import AmbiguousPlan, NotFound
from app.models.agencies import Agency
from app.models.periods import ReportingPeriod
from app.models.plans import Plan
from app.models.projects import Project
from app.policy import Principal, within_horizon
from app.text import terms
from app.vocabulary import AgencyKind

MOST_CHOICES = 50

_FITTING = Statement(f"""
SELECT plan.code FROM plan JOIN agency ON agency.id = plan.district_id
WHERE agency.path LIKE :horizon
AND (CAST(:code AS text) IS NULL OR plan.code = :code)
AND (CAST(:period AS text) IS NULL OR EXISTS (
    SELECT FROM reporting_period p WHERE p.plan_id = plan.id AND p.code = :period))
AND (CAST(:year AS int) IS NULL OR plan.year = :year OR EXISTS (
    SELECT FROM reporting_period p WHERE p.plan_id = plan.id AND p.year = :year))
ORDER BY plan.code LIMIT {MOST_CHOICES}
""")  # noqa: S608 - composed of constants


def known_plans(principal: Principal) -> Select[Plan]:
    """The plans of the districts within the principal's horizon."""
    return (
        select(Plan)
        .join(Agency, Agency.id == Plan.district_id)
        .where(Agency.path.startswith(principal.horizon))
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
    """The plan named `code`, or the only one that has the period, year or project asked for.

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
        query = query.where(exists().where(Project.plan_id == Plan.id, Project.code == project))
    fitting = list((await session.scalars(query.order_by(Plan.code).limit(MOST_CHOICES))).all())
    _see_that_one_fits([plan.code for plan in fitting], code, period, project)
    return fitting[0]


def _see_that_one_fits(
    fitting: list[str], code: str | None, period: str | None, project: str | None
) -> None:
    if len(fitting) > 1:
        raise AmbiguousPlan(plans=", ".join(fitting), extra={"choices": fitting})
    if not fitting:
        raise _nothing(code, period, project)


async def get_plan_code(
    connection: Connection,
    principal: Principal,
    code: str | None,
    *,
    period: str | None = None,
    year: int | None = None,
) -> str:
    """As `get_plan`, only the code, by the short way: for the answers that are hot.

    Raises:
        NotFound: no plan within the horizon fits.
        AmbiguousPlan: `code` is None and several fit.
    """
    facts = {"horizon": principal.horizon + "%", "code": code, "period": period, "year": year}
    fitting = [row["code"] for row in await _FITTING.fetch_all(connection, facts)]
    _see_that_one_fits(fitting, code, period, None)
    return str(fitting[0])


async def get_managed_plan(
    session: AsyncSession,
    principal: Principal,
    code: str | None,
    *,
    period: str | None = None,
    project: str | None = None,
) -> Plan:
    """As `get_plan`, for a change: the plan's district must be within the principal's reach.

    Raises:
        NotFound: no plan that the principal may change fits.
        AmbiguousPlan: `code` is None and several fit.
    """
    plan = await get_plan(session, principal, code, period=period, project=project)
    path = await session.scalar(select(Agency.path).where(Agency.id == plan.district_id))
    if path is None or not principal.reaches(path):
        raise _nothing(code, period, project)
    return plan


def _nothing(plan: str | None, period: str | None, project: str | None) -> NotFound:
    """That no plan fits, told of the narrowest thing that was asked for."""
    if project is not None:
        return NotFound(terms.PROJECT, code=project)
    if period is not None:
        return NotFound(terms.PERIOD, code=period)
    return NotFound(terms.PLAN, code=plan) if plan else NotFound(terms.ANY_PLAN)


def exists_on(day: date | InstrumentedAttribute[date]) -> ColumnElement[bool]:
    """That an agency exists on a day."""
    return and_(
        or_(Agency.valid_from.is_(None), Agency.valid_from <= day),
        or_(Agency.valid_to.is_(None), Agency.valid_to >= day),
    )


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


async def default_agency(session: AsyncSession, principal: Principal, plan_id: int) -> Agency:
    """Where the principal looks from: the plan's district, or its own agency within that."""
    district = await session.scalar(
        select(Agency).join(Plan, Plan.district_id == Agency.id).where(Plan.id == plan_id)
    )
    if district is not None and district.path.startswith(principal.reach):
        return district
    return await session.get_one(Agency, principal.agency_id)


async def district_around(session: AsyncSession, path: str) -> str | None:
    """The path of the nearest district at or above an agency."""
    return await session.scalar(
        select(Agency.path)
        .where(Agency.kind == AgencyKind.DISTRICT, literal(path).startswith(Agency.path))
        .order_by(func.length(Agency.path).desc())
        .limit(1)
    )


async def reaches_district_around(session: AsyncSession, principal: Principal, path: str) -> bool:
    """Whether the principal's reach holds all of the district around an agency.

    Where there is none, it is the agency itself that has to be reached.
    """
    return principal.reaches(await district_around(session, path) or path)
