"""Budget lines: money granted to a project, and given on to agencies.

What is given on is taken from the line without an agency, so the lines of a project add up to
the same money before and after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import FieldError, NotFound, StateConflict, ValidationFailed
from app.models.agencies import Agency
from app.models.budgets import BudgetLine
from app.models.plans import Plan
from app.models.projects import Project
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes, ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.services.reference import assignments, projects
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import BudgetOrigin, BudgetSource

Shown = dict[str, Any]
"""A budget line in the words of the wire, with its version."""

EXCEEDS = Bilingual(
    "Nhiều nhất {most} đồng: còn {left} đồng chưa giao cho đơn vị nào.",
    "At most {most} VND: {left} VND have not been given on yet.",
)
THIS_YEAR = Bilingual(
    "Vốn trong năm có năm gốc là [{year}].", "Money of the current year is of [{year}]."
)
EARLIER_YEARS = Bilingual(
    "Cần năm gốc của vốn chuyển sang; mọi năm đều trước {year}.",
    "The years that the money comes from are needed, all before {year}.",
)
HAS_SUB_PROJECTS = Bilingual(
    "Vốn của {code} nằm ở các tiểu dự án; hãy ghi tiểu dự án.",
    "The money of {code} belongs to its sub-projects; name one of those.",
)
UNKNOWN_AGENCY = Bilingual("Không có đơn vị {code}.", "There is no agency {code}.")
NOT_ASSIGNED = Bilingual(
    "Đơn vị {code} không được phân công trong {project}.", "Agency {code} has no part in {project}."
)
NO_DECISION = Bilingual(
    "Vốn mới được cấp cần có quyết định giao vốn.",
    "Newly granted money needs the decision that grants it.",
)
GIVEN_ON = Bilingual(
    "Các đơn vị còn dòng vốn lấy từ dòng này; hãy thu hồi trước.",
    "Agencies have money from this line; take it back first.",
)


def left_after(left: int, before: int, after: int) -> int:
    """What is not given on yet once an agency's share has gone from `before` to `after`.

    Raises:
        ValidationFailed: there is not so much left.
    """
    if after > left + before:
        facts = {"most": left + before, "left": left}
        raise ValidationFailed([FieldError("/amount_vnd", "exceeds_undistributed", EXCEEDS, facts)])
    return left + before - after


def years_of(origin: BudgetOrigin, years: Sequence[int] | None, plan_year: int) -> list[int]:
    """The years that money of an origin comes from.

    Raises:
        ValidationFailed: they are not those of the origin.
    """
    if origin is BudgetOrigin.CURRENT_YEAR:
        fits, message = years is None or list(years) == [plan_year], THIS_YEAR
    else:
        fits, message = years is not None and max(years) < plan_year, EARLIER_YEARS
    if not fits:
        facts = {"year": plan_year}
        raise ValidationFailed([FieldError("/origin_years", "wrong_origin_years", message, facts)])
    return sorted(years or [plan_year])


@dataclass(frozen=True)
class Filter:
    """Which budget lines a list shows; None is all."""

    project: str | None = None
    source: BudgetSource | None = None
    origin: BudgetOrigin | None = None
    agency: str | None = None


async def listed(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    wanted: Filter,
    *,
    on: date,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row[Any]], str | None]:
    """A page of a plan's budget lines, in the order of its projects.

    Raises:
        NotFound: no such plan, project or agency.
        AmbiguousPlan: several plans fit, and none was named.
    """
    found = await lookup.get_plan(session, principal, plan, project=wanted.project)
    query = _shown().where(Project.plan_id == found.id)
    if wanted.project is not None:
        query = query.where(projects.belongs_to(found.id, wanted.project))
    if wanted.source is not None:
        query = query.where(BudgetLine.source == wanted.source)
    if wanted.origin is not None:
        query = query.where(BudgetLine.origin == wanted.origin)
    if wanted.agency is not None:
        agency = await lookup.get_agency(session, principal, wanted.agency, on)
        query = query.where(BudgetLine.agency_id == agency.id)
    order = [*projects.PLAN_ORDER, (BudgetLine.id, int)]
    return await page(session, query, order, limit=limit, cursor=cursor)


async def find(session: AsyncSession, principal: Principal, line_id: int) -> Shown:
    """One budget line.

    Raises:
        NotFound: there is none in the plans within the horizon.
    """
    known = lookup.known_plans(principal).with_only_columns(Plan.id)
    query = _shown().where(BudgetLine.id == line_id, Project.plan_id.in_(known))
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.BUDGET_LINE, id=line_id)
    return row._asdict()


async def create(
    session: AsyncSession,
    principal: Principal,
    plan_code: str | None,
    values: Mapping[str, Any],
    *,
    on: date,
    now: datetime,
    actor: Actor,
) -> Shown:
    """Give money on to an agency, or without one add what was newly granted.

    Raises:
        NotFound: no such plan within reach.
        ValidationFailed: project, agency, years or decision do not fit, or too little is left.
    """
    plan, project = await _project(session, principal, plan_code, values["project"])
    years = years_of(values["origin"], values["origin_years"], plan.year)
    line = BudgetLine(
        project_id=project.id,
        source=values["source"],
        origin=values["origin"],
        origin_years=years,
        amount_vnd=values["amount_vnd"],
        decision=values["decision"],
    )
    if values["agency"] is None:
        if line.decision is None:
            raise ValidationFailed([FieldError("/decision", "missing", NO_DECISION)])
    else:
        agency = await _agency(session, principal, project, values["agency"], on)
        line.agency_id = agency.id
        await _take(session, line, before=0, after=line.amount_vnd)
    session.add(line)
    await session.flush()
    told = changes.told({**values, "origin_years": years})
    await _record(session, plan, line, "created", None, told, now, actor)
    return await find(session, principal, line.id)


async def change(
    session: AsyncSession,
    principal: Principal,
    line_id: int,
    wanted: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> Shown:
    """Change a line's amount or decision; an agency's difference comes from what is not given on.

    Raises:
        NotFound: there is none within reach.
        ValidationFailed: too little is left, or granted money would lose its decision.
    """
    plan, line = await _own(session, principal, line_id)
    check_version(line.version)
    if line.agency_id is None:
        if "decision" in wanted and wanted["decision"] is None:
            raise ValidationFailed([FieldError("/decision", "missing", NO_DECISION)])
    elif "amount_vnd" in wanted:
        await _take(session, line, before=line.amount_vnd, after=wanted["amount_vnd"])
    if changed := changes.apply(line, wanted):
        await _record(session, plan, line, "changed", changed.before, changed.after, now, actor)
        await session.flush()
    return await find(session, principal, line_id)


async def delete(
    session: AsyncSession,
    principal: Principal,
    line_id: int,
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """Take an agency's money back, or take away a line that nothing was given on from.

    Raises:
        NotFound: there is none within reach.
        StateConflict: agencies have money from the line.
    """
    plan, line = await _own(session, principal, line_id)
    check_version(line.version)
    before = await find(session, principal, line_id)
    if line.agency_id is not None:
        await _take(session, line, before=line.amount_vnd, after=0)
    elif await session.scalar(select(exists().where(*_group(line), BudgetLine.id != line.id))):
        raise StateConflict(GIVEN_ON)
    told = changes.told({name: before[name] for name in before.keys() - {"id", "version"}})
    await _record(session, plan, line, "deleted", told, None, now, actor)
    await session.delete(line)
    await session.flush()


async def _take(session: AsyncSession, line: BudgetLine, *, before: int, after: int) -> None:
    """Take the difference of an agency's share from the line without an agency, or give it back."""
    rest = await session.scalar(
        select(BudgetLine)
        .where(*_group(line), BudgetLine.agency_id.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    left = left_after(rest.amount_vnd if rest else 0, before, after)
    if rest is not None:
        rest.amount_vnd = left
    elif left > 0:
        session.add(
            BudgetLine(
                project_id=line.project_id,
                source=line.source,
                origin=line.origin,
                origin_years=line.origin_years,
                amount_vnd=left,
            )
        )


def _group(line: BudgetLine) -> Sequence[Any]:
    """The lines between which money is given on: one project, source, origin and years."""
    return (
        BudgetLine.project_id == line.project_id,
        BudgetLine.source == line.source,
        BudgetLine.origin == line.origin,
        BudgetLine.origin_years == line.origin_years,
    )


async def _project(
    session: AsyncSession, principal: Principal, plan_code: str | None, code: str
) -> tuple[Plan, Project]:
    """The project that a new line is for, held: changes of its lines come one after the other."""
    plan, project = await projects.named(session, principal, plan_code, code)
    if await projects.has_sub_projects(session, project):
        facts = {"code": code}
        raise ValidationFailed(
            [FieldError("/project", "has_sub_projects", HAS_SUB_PROJECTS, facts)]
        )
    return plan, project


async def _agency(
    session: AsyncSession, principal: Principal, project: Project, code: str, on: date
) -> Agency:
    """The agency that money is given on to: it has a part in the project."""
    facts = {"code": code, "project": project.code}
    try:
        agency = await lookup.get_agency(session, principal, code, on)
    except NotFound:
        raise ValidationFailed(
            [FieldError("/agency", "unknown_agency", UNKNOWN_AGENCY, facts)]
        ) from None
    if not await assignments.has_part(session, project, agency):
        raise ValidationFailed([FieldError("/agency", "not_assigned", NOT_ASSIGNED, facts)])
    return agency


async def _own(
    session: AsyncSession, principal: Principal, line_id: int
) -> tuple[Plan, BudgetLine]:
    """A line of a plan within reach, held together with its project."""
    shown = await find(session, principal, line_id)
    plan = await lookup.get_managed_plan(session, principal, shown["plan"])
    await projects.locked(session, plan, shown["project"])
    line = await session.get(BudgetLine, line_id, with_for_update=True, populate_existing=True)
    if line is None:
        raise NotFound(terms.BUDGET_LINE, id=line_id)
    return plan, line


def _shown() -> Select[*tuple[Any, ...]]:
    hidden = {"project_id", "agency_id"}
    return (
        select(
            *(column for column in BudgetLine.__table__.columns if column.name not in hidden),
            Plan.code.label("plan"),
            Project.code.label("project"),
            Agency.code.label("agency"),
        )
        .join_from(BudgetLine, Project, Project.id == BudgetLine.project_id)
        .join(Plan, Plan.id == Project.plan_id)
        .outerjoin(Agency, Agency.id == BudgetLine.agency_id)
    )


async def _record(
    session: AsyncSession,
    plan: Plan,
    line: BudgetLine,
    what: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    now: datetime,
    actor: Actor,
) -> None:
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action=f"budget_line.{what}",
        subject=f"budget-lines/{line.id}",
        plan_id=plan.id,
        agency_id=line.agency_id or plan.district_id,
        before=before,
        after=after,
    )
