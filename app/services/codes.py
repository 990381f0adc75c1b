"""What a code on the wire stands for: plans, agencies and periods that the principal may know."""

from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import AmbiguousPlan, NotFound
from app.models.agencies import Agency
from app.models.periods import ReportingPeriod
from app.models.plans import Plan
from app.models.projects import Project
from app.policy import Principal, within_horizon


def known_plans(principal: Principal) -> Select[Plan]:
    """The plans of the districts within the principal's horizon."""
    return (
        select(Plan)
        .join(Agency, Agency.id == Plan.district_id)
        .where(Agency.path.startswith(principal.horizon))
    )


async def find_plan(
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
    fitting = list((await session.scalars(query.order_by(Plan.code).limit(50))).all())
    if len(fitting) > 1:
        codes = [plan.code for plan in fitting]
        raise AmbiguousPlan(plans=", ".join(codes), extra={"choices": codes})
    if not fitting:
        raise NotFound(what=_what(code, period, project))
    return fitting[0]


def _what(plan: str | None, period: str | None, project: str | None) -> str:
    if project is not None:
        return f"dự án {project}"
    if period is not None:
        return f"kỳ báo cáo {period}"
    return f"kế hoạch {plan or ''}".strip()


def valid_on(day: date) -> ColumnElement[bool]:
    """That an agency exists on a day."""
    return and_(
        or_(Agency.valid_from.is_(None), Agency.valid_from <= day),
        or_(Agency.valid_to.is_(None), Agency.valid_to >= day),
    )


async def find_agency(session: AsyncSession, principal: Principal, code: str, on: date) -> Agency:
    """The agency that has the code on a day, within the principal's horizon.

    Raises:
        NotFound: there is none.
    """
    agency = await session.scalar(
        select(Agency).where(
            Agency.code == code, valid_on(on), within_horizon(principal, Agency.path)
        )
    )
    if agency is None:
        raise NotFound(what=f"đơn vị {code}")
    return agency


async def find_period(
    session: AsyncSession, principal: Principal, code: str, plan_code: str | None
) -> ReportingPeriod:
    """The reporting period with a code, in the plan named or the only one that has it.

    Raises:
        NotFound: there is none.
        AmbiguousPlan: several plans have it, and none was named.
    """
    plan = await find_plan(session, principal, plan_code, period=code)
    period = await session.scalar(
        select(ReportingPeriod).where(
            ReportingPeriod.plan_id == plan.id, ReportingPeriod.code == code
        )
    )
    if period is None:
        raise NotFound(what=f"kỳ báo cáo {code}")
    return period
