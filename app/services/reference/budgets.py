"""Budget lines (khoản vốn): money granted to a project and distributed to agencies.

Each project has, for each source, origin, years and nature, one undistributed line: the line
without an agency. Distributing money moves it from the undistributed line to the line of an agency,
so the sum of the lines does not change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Row
from app.db.pagination import page
from app.errors import NotFound, StateConflict, ValidationFailed
from app.models.agencies import Agency
from app.models.budgets import BudgetLine
from app.models.plans import Plan
from app.models.projects import PlanProject, Project
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.services.reference import assignments, projects
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, BudgetNature, BudgetOrigin, BudgetSource

EXCEEDS = Bilingual(
    "Chỉ được tối đa {most} đồng: còn {left} đồng chưa giao cho đơn vị nào.",
    "At most {most} VND: {left} VND are undistributed.",
)
THIS_YEAR = Bilingual(
    "Vốn giao trong năm phải ghi năm {year}.",
    "The origin years of current_year must be [{year}].",
)
EARLIER_YEARS = Bilingual(
    "Vốn chuyển nguồn phải ghi năm của vốn, các năm đều trước {year}.",
    "The origin years of carried_over are required, all before {year}.",
)
HAS_SUB_PROJECTS = Bilingual(
    "Vốn của {code} được giao theo tiểu dự án; phải ghi tiểu dự án.",
    "Budget lines of {code} belong to its sub-projects; name one of those.",
)
UNKNOWN_AGENCY = Bilingual("Không có đơn vị {code}.", "There is no agency {code}.")
NOT_ASSIGNED = Bilingual(
    "Đơn vị {code} không được phân công trong {project}.",
    "Agency {code} is not assigned to {project}.",
)
WHICH_NATURE = Bilingual(
    "Dự án có nhiều loại vốn cho khoản này; ghi rõ vốn đầu tư phát triển hay chi thường xuyên.",
    "The project has money of several natures here; state investment or recurrent.",
)
NO_DECISION = Bilingual(
    "Khoản vốn mới phải ghi quyết định giao vốn.",
    "Newly granted money requires the decision that grants it.",
)
IS_DISTRIBUTED = Bilingual(
    "Khoản vốn này đã giao tiếp cho các đơn vị nên không xóa được; phải thu hồi các "
    "khoản đã giao trước.",
    "Agencies have budget lines from this line, so it cannot be deleted; delete those first.",
)


def undistributed_after(undistributed: int, before: int, after: int) -> int:
    """The undistributed amount after an agency's line changes from `before` to `after`, in VND.

    Raises:
        ValidationFailed: the undistributed amount is too small; at /amount_vnd.
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
    """The origin years of a line, sorted; by default the plan's year for `current_year`.

    Raises:
        ValidationFailed: the years do not fit the origin; at /origin_years.
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
    """The filters of the list; None does not filter."""

    project: str | None = None
    source: BudgetSource | None = None
    origin: BudgetOrigin | None = None
    agency: str | None = None
    nature: BudgetNature | None = None


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
    """A page of the budget lines of a plan, or of all known plans, in the order of projects.

    on: the day on which the code of the filter `agency` is read.

    Raises:
        NotFound: there is no such plan, project or agency within the horizon.
    """
    plans = await lookup.list_plan_ids(session, principal, plan, project=filters.project)
    query = _select_lines().where(BudgetLine.plan_id.in_(plans))
    if filters.project is not None:
        query = query.where(projects.within_project(plans, filters.project))
    if filters.source is not None:
        query = query.where(BudgetLine.source == filters.source)
    if filters.origin is not None:
        query = query.where(BudgetLine.origin == filters.origin)
    if filters.nature is not None:
        query = query.where(BudgetLine.nature == filters.nature)
    if filters.agency is not None:
        agency = await lookup.get_agency(session, principal, filters.agency, on)
        query = query.where(BudgetLine.agency_id == agency.id)
    order = [*projects.LIST_ORDER, BudgetLine.id]
    rows, next_cursor = await page(session, query, order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def get(session: AsyncSession, principal: Principal, line_id: int) -> Row:
    """One budget line.

    Raises:
        NotFound: no plan within the horizon has the line.
    """
    known = lookup.known_plans(principal).with_only_columns(Plan.id)
    query = _select_lines().where(BudgetLine.id == line_id, BudgetLine.plan_id.in_(known))
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
    """Distribute money to an agency or, without an agency, add newly granted money.

    on: the day on which the agency's code is read.

    Raises:
        NotFound: there is no such plan within reach.
        AmbiguousPlan: `plan` is None and several fit.
        ValidationFailed: project, agency, years or decision are invalid, the nature is not clear,
            or the undistributed amount is too small.
    """
    # 1. The values as the row holds them.
    principal = action.principal
    plan_row, project = await _get_project(session, principal, values["project"], plan)
    years = resolve_origin_years(values["origin"], values["origin_years"], plan_row.year)
    columns = {**values, "origin_years": years}
    del columns["project"], columns["agency"]
    line = BudgetLine(plan_id=plan_row.id, project_id=project.id, **columns)
    if line.nature is None:
        line.nature = await _known_nature(session, line)
    diff = Change.created({**values, "origin_years": years, "nature": line.nature})
    # 2. Granted money needs a decision; distributed money is taken from the undistributed amount.
    if values["agency"] is None:
        _ensure_decision(line.decision)
    else:
        agency = await _get_assigned_agency(
            session, principal, values["agency"], plan_row, project, on
        )
        line.agency_id = agency.id
        await _move_money(session, line, before=0, after=line.amount_vnd)
    # 3. The flush gives the line the id that the audit event names.
    session.add(line)
    await session.flush()
    await record_change(
        session,
        action,
        AuditAction.BUDGET_LINE_CREATED,
        f"budget-lines/{line.id}",
        diff,
        plan_id=plan_row.id,
        agency_id=line.agency_id or plan_row.owner_id,
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
    """Change the amount, the nature or the decision of a line.

    The difference of an agency's line is taken from the undistributed line. The nature changes on
    all lines among which the money is distributed.

    Raises:
        NotFound: there is no such line within reach.
        PreconditionRequired, Stale: see `VersionCheck`.
        ValidationFailed: the undistributed amount is too small, or an undistributed line would
            lose its decision.
    """
    plan, line = await _get_for_update(session, action.principal, line_id)
    check_version(line.version)
    if line.agency_id is None:
        if "decision" in values:
            _ensure_decision(values["decision"])
    elif "amount_vnd" in values:
        await _move_money(session, line, before=line.amount_vnd, after=values["amount_vnd"])
    changed = {line: values}
    if "nature" in values:
        others = await _others_for_update(session, line)
        changed |= {other: {"nature": values["nature"]} for other in others}
    for each, its_values in changed.items():
        if diff := changes.apply(each, its_values):
            await record_change(
                session,
                action,
                AuditAction.BUDGET_LINE_CHANGED,
                f"budget-lines/{each.id}",
                diff,
                plan_id=plan.id,
                agency_id=each.agency_id or plan.owner_id,
            )
    await session.flush()
    return await get(session, action.principal, line_id)


async def delete(
    session: AsyncSession, action: Action, line_id: int, *, check_version: VersionCheck
) -> None:
    """Return an agency's money to the undistributed line, or delete an undistributed line.

    Raises:
        NotFound: there is no such line within reach.
        PreconditionRequired, Stale: see `VersionCheck`.
        StateConflict: the line is undistributed, and agencies have lines of the same group.
    """
    plan, line = await _get_for_update(session, action.principal, line_id)
    check_version(line.version)
    values = dict(await get(session, action.principal, line_id))
    del values["id"], values["version"]
    if line.agency_id is not None:
        await _move_money(session, line, before=line.amount_vnd, after=0)
    elif await session.scalar(select(exists().where(*_group(line), BudgetLine.id != line.id))):
        raise StateConflict(IS_DISTRIBUTED)
    await record_change(
        session,
        action,
        AuditAction.BUDGET_LINE_DELETED,
        f"budget-lines/{line.id}",
        Change.deleted(values),
        plan_id=plan.id,
        agency_id=line.agency_id or plan.owner_id,
    )
    await session.delete(line)
    await session.flush()


async def _move_money(session: AsyncSession, line: BudgetLine, *, before: int, after: int) -> None:
    """Move the change of an agency's line, from `before` to `after` VND, to the undistributed line.

    Raises:
        ValidationFailed: the undistributed amount is too small.
    """
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
                plan_id=line.plan_id,
                project_id=line.project_id,
                source=line.source,
                origin=line.origin,
                origin_years=line.origin_years,
                nature=line.nature,
                amount_vnd=amount,
            )
        )


async def _known_nature(session: AsyncSession, line: BudgetLine) -> BudgetNature | None:
    """The nature of the money of a line that does not state it; None: not known.

    Raises:
        ValidationFailed: the project has such money of several natures; at /nature.
    """
    query = select(BudgetLine.nature).where(*_same_money(line)).distinct()
    natures = (await session.scalars(query)).all()
    if len(natures) > 1:
        raise ValidationFailed.at("/nature", "missing", WHICH_NATURE)
    return natures[0] if natures else None


async def _others_for_update(session: AsyncSession, line: BudgetLine) -> Sequence[BudgetLine]:
    """The other lines among which a line's money is distributed, locked."""
    query = select(BudgetLine).where(*_group(line), BudgetLine.id != line.id).order_by("id")
    return (await session.scalars(query.with_for_update())).all()


def _group(line: BudgetLine) -> Sequence[ColumnElement[bool]]:
    """The lines among which money is distributed: the same money of one nature."""
    return (*_same_money(line), BudgetLine.nature.is_not_distinct_from(line.nature))


def _same_money(line: BudgetLine) -> Sequence[ColumnElement[bool]]:
    """The lines of one project, source, origin and years."""
    return (
        BudgetLine.plan_id == line.plan_id,
        BudgetLine.project_id == line.project_id,
        BudgetLine.source == line.source,
        BudgetLine.origin == line.origin,
        BudgetLine.origin_years == line.origin_years,
    )


def _ensure_decision(decision: str | None) -> None:
    """Ensure that granted money has a decision.

    Raises:
        ValidationFailed: it has none; at /decision.
    """
    if decision is None:
        raise ValidationFailed.at("/decision", "missing", NO_DECISION)


async def _get_project(
    session: AsyncSession, principal: Principal, code: str, plan: str | None
) -> tuple[Plan, Project]:
    """The project of a new line. Locks its row, so that changes of its lines are serialised.

    Raises:
        NotFound, AmbiguousPlan: see `get_body_project`.
        ValidationFailed: the plan has no such project, or the project has sub-projects.
    """
    plan_row, project = await projects.get_body_project(session, principal, code, plan=plan)
    if await projects.has_sub_projects(session, plan_row, project):
        raise ValidationFailed.at("/project", "has_sub_projects", HAS_SUB_PROJECTS, code=code)
    return plan_row, project


async def _get_assigned_agency(
    session: AsyncSession, principal: Principal, code: str, plan: Plan, project: Project, on: date
) -> Agency:
    """The agency that gets money of the project.

    Raises:
        ValidationFailed: there is no such agency, or it is not assigned to the project.
    """
    try:
        agency = await lookup.get_agency(session, principal, code, on)
    except NotFound:
        raise ValidationFailed.at("/agency", "unknown_agency", UNKNOWN_AGENCY, code=code) from None
    if not await assignments.is_assigned(session, plan, project, agency):
        raise ValidationFailed.at(
            "/agency", "not_assigned", NOT_ASSIGNED, code=code, project=project.code
        )
    return agency


async def _get_for_update(
    session: AsyncSession, principal: Principal, line_id: int
) -> tuple[Plan, BudgetLine]:
    """A line and its plan; locks the line and its project.

    Raises:
        NotFound: there is no such line within reach.
    """
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
            BudgetLine.nature,
            BudgetLine.amount_vnd,
            BudgetLine.decision,
        )
        .join_from(BudgetLine, Project, Project.id == BudgetLine.project_id)
        .join(
            PlanProject,
            and_(
                PlanProject.plan_id == BudgetLine.plan_id,
                PlanProject.project_id == BudgetLine.project_id,
            ),
        )
        .join(Plan, Plan.id == BudgetLine.plan_id)
        .outerjoin(Agency, Agency.id == BudgetLine.agency_id)
    )
