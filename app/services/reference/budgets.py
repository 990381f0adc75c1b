"""Budget lines: money granted to a project, and given on to agencies.

What is given on is taken from the line without an agency, so the lines of a project add up to
the same money before and after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Row
from app.db.pagination import page
from app.errors import NotFound, StateConflict, ValidationFailed
from app.models.agencies import Agency
from app.models.budgets import BudgetLine
from app.models.plans import Plan
from app.models.projects import Project
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.services.reference import assignments, projects
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import BudgetOrigin, BudgetSource

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


def undistributed_after(undistributed: int, before: int, after: int) -> int:
    """What is not given on yet once an agency's share has gone from `before` to `after`.

    Raises:
        ValidationFailed: there is not so much left.
    """
    most = undistributed + before
    if after > most:
        raise ValidationFailed.at(
            "/amount_vnd", "exceeds_undistributed", EXCEEDS, most=most, left=undistributed
        )
    return most - after


def resolve_origin_years(
    origin: BudgetOrigin, years: Sequence[int] | None, plan_year: int
) -> list[int]:
    """The years that money of an origin comes from.

    Raises:
        ValidationFailed: they are not those of the origin.
    """
    if origin is BudgetOrigin.CURRENT_YEAR:
        fits, message = years is None or list(years) == [plan_year], THIS_YEAR
    else:
        fits, message = years is not None and max(years) < plan_year, EARLIER_YEARS
    if not fits:
        raise ValidationFailed.at("/origin_years", "wrong_origin_years", message, year=plan_year)
    return sorted(years or [plan_year])


@dataclass(frozen=True, slots=True)
class BudgetFilter:
    """Which budget lines a list shows; None is all."""

    project: str | None = None
    source: BudgetSource | None = None
    origin: BudgetOrigin | None = None
    agency: str | None = None


async def list_page(
    session: AsyncSession,
    principal: Principal,
    filters: BudgetFilter,
    *,
    plan: str | None,
    on: date,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row], str | None]:
    """A page of a plan's budget lines, in the order of its projects.

    Raises:
        NotFound: no such plan, project or agency.
        AmbiguousPlan: several plans fit, and none was named.
    """
    plan_row = await lookup.get_plan(session, principal, plan, project=filters.project)
    query = _select_lines().where(Project.plan_id == plan_row.id)
    if filters.project is not None:
        query = query.where(projects.within_project(plan_row.id, filters.project))
    if filters.source is not None:
        query = query.where(BudgetLine.source == filters.source)
    if filters.origin is not None:
        query = query.where(BudgetLine.origin == filters.origin)
    if filters.agency is not None:
        agency = await lookup.get_agency(session, principal, filters.agency, on)
        query = query.where(BudgetLine.agency_id == agency.id)
    order = [*projects.PLAN_ORDER, (BudgetLine.id, int)]
    rows, next_cursor = await page(session, query, order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def get(session: AsyncSession, principal: Principal, line_id: int) -> Row:
    """One budget line.

    Raises:
        NotFound: there is none in the plans within the horizon.
    """
    known = lookup.known_plans(principal).with_only_columns(Plan.id)
    query = _select_lines().where(BudgetLine.id == line_id, Project.plan_id.in_(known))
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.BUDGET_LINE, id=line_id)
    return row._asdict()


async def create(
    session: AsyncSession,
    action: Action,
    values: Mapping[str, Any],
    *,
    plan: str | None = None,
    on: date,
) -> Row:
    """Give money on to an agency, or without one add what was newly granted.

    Raises:
        NotFound: no such plan within reach.
        ValidationFailed: project, agency, years or decision do not fit, or too little is left.
    """
    principal = action.principal
    plan_row, project = await _get_project(session, principal, values["project"], plan)
    years = resolve_origin_years(values["origin"], values["origin_years"], plan_row.year)
    columns = {**values, "origin_years": years}
    diff = Change.created(columns)
    del columns["project"], columns["agency"]
    line = BudgetLine(project_id=project.id, **columns)
    if values["agency"] is None:
        _ensure_decision(line.decision)
    else:
        agency = await _get_assigned_agency(session, principal, values["agency"], project, on)
        line.agency_id = agency.id
        await _move_money(session, line, before=0, after=line.amount_vnd)
    session.add(line)
    await session.flush()
    await record_change(
        session,
        action,
        "budget_line.created",
        f"budget-lines/{line.id}",
        diff,
        plan_id=plan_row.id,
        agency_id=line.agency_id or plan_row.district_id,
    )
    return await get(session, principal, line.id)


async def change(
    session: AsyncSession,
    action: Action,
    line_id: int,
    values: Mapping[str, Any],
    *,
    check_version: VersionCheck,
) -> Row:
    """Change a line's amount or decision; an agency's difference comes from what is not given on.

    Raises:
        NotFound: there is none within reach.
        ValidationFailed: too little is left, or granted money would lose its decision.
    """
    plan, line = await _get_for_update(session, action.principal, line_id)
    check_version(line.version)
    if line.agency_id is None:
        if "decision" in values:
            _ensure_decision(values["decision"])
    elif "amount_vnd" in values:
        await _move_money(session, line, before=line.amount_vnd, after=values["amount_vnd"])
    if diff := changes.apply(line, values):
        await record_change(
            session,
            action,
            "budget_line.changed",
            f"budget-lines/{line.id}",
            diff,
            plan_id=plan.id,
            agency_id=line.agency_id or plan.district_id,
        )
        await session.flush()
    return await get(session, action.principal, line_id)


async def delete(
    session: AsyncSession, action: Action, line_id: int, *, check_version: VersionCheck
) -> None:
    """Take an agency's money back, or take away a line that nothing was given on from.

    Raises:
        NotFound: there is none within reach.
        StateConflict: agencies have money from the line.
    """
    plan, line = await _get_for_update(session, action.principal, line_id)
    check_version(line.version)
    values = dict(await get(session, action.principal, line_id))
    del values["id"], values["version"]
    if line.agency_id is not None:
        await _move_money(session, line, before=line.amount_vnd, after=0)
    elif await session.scalar(select(exists().where(*_group(line), BudgetLine.id != line.id))):
        raise StateConflict(GIVEN_ON)
    await record_change(
        session,
        action,
        "budget_line.deleted",
        f"budget-lines/{line.id}",
        Change.deleted(values),
        plan_id=plan.id,
        agency_id=line.agency_id or plan.district_id,
    )
    await session.delete(line)
    await session.flush()


async def _move_money(session: AsyncSession, line: BudgetLine, *, before: int, after: int) -> None:
    """Take the difference of an agency's share from the line without an agency, or give it back."""
    undistributed = await session.scalar(
        select(BudgetLine)
        .where(*_group(line), BudgetLine.agency_id.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    amount = undistributed_after(undistributed.amount_vnd if undistributed else 0, before, after)
    if undistributed is not None:
        undistributed.amount_vnd = amount
    elif amount > 0:
        session.add(
            BudgetLine(
                project_id=line.project_id,
                source=line.source,
                origin=line.origin,
                origin_years=line.origin_years,
                amount_vnd=amount,
            )
        )


def _group(line: BudgetLine) -> Sequence[ColumnElement[bool]]:
    """The lines between which money is given on: one project, source, origin and years."""
    return (
        BudgetLine.project_id == line.project_id,
        BudgetLine.source == line.source,
        BudgetLine.origin == line.origin,
        BudgetLine.origin_years == line.origin_years,
    )


def _ensure_decision(decision: str | None) -> None:
    if decision is None:
        raise ValidationFailed.at("/decision", "missing", NO_DECISION)


async def _get_project(
    session: AsyncSession, principal: Principal, code: str, plan: str | None
) -> tuple[Plan, Project]:
    """The project that a new line is for, held: changes of its lines come one after the other."""
    plan_row, project = await projects.get_body_project(session, principal, code, plan=plan)
    if await projects.has_sub_projects(session, project):
        raise ValidationFailed.at("/project", "has_sub_projects", HAS_SUB_PROJECTS, code=code)
    return plan_row, project


async def _get_assigned_agency(
    session: AsyncSession, principal: Principal, code: str, project: Project, on: date
) -> Agency:
    """The agency that money is given on to: it has a part in the project."""
    try:
        agency = await lookup.get_agency(session, principal, code, on)
    except NotFound:
        raise ValidationFailed.at("/agency", "unknown_agency", UNKNOWN_AGENCY, code=code) from None
    if not await assignments.is_assigned(session, project, agency):
        raise ValidationFailed.at(
            "/agency", "not_assigned", NOT_ASSIGNED, code=code, project=project.code
        )
    return agency


async def _get_for_update(
    session: AsyncSession, principal: Principal, line_id: int
) -> tuple[Plan, BudgetLine]:
    """A line of a plan within reach, held together with its project."""
    row = await get(session, principal, line_id)
    plan = await lookup.get_managed_plan(session, principal, row["plan"])
    await projects.find_for_update(session, plan, row["project"])
    line = await session.get(BudgetLine, line_id, with_for_update=True, populate_existing=True)
    if line is None:
        raise NotFound(terms.BUDGET_LINE, id=line_id)
    return plan, line


def _select_lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            BudgetLine.id,
            BudgetLine.version,
            Plan.code.label("plan"),
            Project.code.label("project"),
            Agency.code.label("agency"),
            BudgetLine.source,
            BudgetLine.origin,
            BudgetLine.origin_years,
            BudgetLine.amount_vnd,
            BudgetLine.decision,
        )
        .join_from(BudgetLine, Project, Project.id == BudgetLine.project_id)
        .join(Plan, Plan.id == Project.plan_id)
        .outerjoin(Agency, Agency.id == BudgetLine.agency_id)
    )
