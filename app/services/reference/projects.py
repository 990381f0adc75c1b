"""Projects and sub-projects with their budgets and agencies: listed, read, changed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, cast, exists, func, or_, select
from sqlalchemy import Row as ResultRow
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.driver import Row
from app.db.pagination import page
from app.errors import NotFound, ValidationFailed
from app.models.agencies import Agency
from app.models.budgets import BudgetLine
from app.models.plans import Plan
from app.models.projects import Assignment, Project
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AssignmentRole, BudgetOrigin

PLAN_ORDER = (Project.position, Project.code.collate("C"))
"""The order of a plan's projects."""

UNKNOWN_PROJECT = Bilingual(
    "Không có dự án {code} trong kế hoạch {plan}.", "There is no project {code} in plan {plan}."
)
IS_SUB_PROJECT = Bilingual(
    "{code} là tiểu dự án, không có tiểu dự án bên dưới.",
    "{code} is a sub-project, so it cannot have sub-projects.",
)
HAS_SUB_PROJECTS = Bilingual(
    "Dự án {code} có tiểu dự án, hoặc là chính dự án này, nên không thể thành tiểu dự án.",
    "Project {code} has sub-projects or is its own parent, so it cannot become a sub-project.",
)
HAS_MONEY = Bilingual(
    "Dự án {code} đã có dòng vốn; vốn của dự án có tiểu dự án phải nằm ở các tiểu dự án.",
    "Project {code} has budget lines; the budget lines of a project with sub-projects belong to "
    "the sub-projects.",
)


async def list_page(
    session: AsyncSession,
    principal: Principal,
    *,
    plan: str | None,
    parent: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row], str | None]:
    """A page of a plan's projects in the plan's order.

    parent: the code of a project; restricts the list to its sub-projects.

    Raises:
        NotFound: there is no such plan or parent.
        AmbiguousPlan: `plan` is None and several fit.
    """
    plan_row = await lookup.get_plan(session, principal, plan, project=parent)
    query = _select_projects().where(Project.plan_id == plan_row.id)
    if parent is not None:
        above = aliased(Project)
        parent_id = select(above.id).where(above.plan_id == plan_row.id, above.code == parent)
        query = query.where(Project.parent_id == parent_id.scalar_subquery())
    rows, next_cursor = await page(session, query, PLAN_ORDER, limit=limit, cursor=cursor)
    return [_with_total(row) for row in rows], next_cursor


async def get(
    session: AsyncSession, principal: Principal, code: str, *, plan: str | None = None
) -> Row:
    """One project.

    Raises:
        NotFound: no plan within the horizon has the project.
        AmbiguousPlan: `plan` is None and several plans have the project.
    """
    plan_row = await lookup.get_plan(session, principal, plan, project=code)
    return await _get_of_plan(session, plan_row, code)


async def create(
    session: AsyncSession, action: Action, values: Mapping[str, Any], *, plan: str | None = None
) -> Row:
    """Add a project to a plan, by default at its end.

    Raises:
        NotFound: there is no such plan within reach.
        AmbiguousPlan: `plan` is None and several fit.
        ValidationFailed: the parent does not exist or cannot have sub-projects.
    """
    plan_row = await lookup.get_managed_plan(session, action.principal, plan)
    columns = dict(values)
    parent = await _get_parent(session, plan_row, columns.pop("parent"))
    columns["position"] = columns["position"] or await _next_position(session, plan_row)
    project = Project(plan_id=plan_row.id, parent_id=parent.id if parent else None, **columns)
    session.add(project)
    await session.flush()
    recorded_values = {name: value for name, value in values.items() if value is not None}
    await record_change(
        session,
        action,
        "project.created",
        f"projects/{project.code}",
        Change.created(recorded_values),
        plan_id=plan_row.id,
        agency_id=plan_row.district_id,
    )
    return await _get_of_plan(session, plan_row, project.code)


async def change(
    session: AsyncSession,
    action: Action,
    code: str,
    values: Mapping[str, Any],
    *,
    plan: str | None = None,
    check_version: VersionCheck,
) -> Row:
    """Change a project.

    Raises:
        NotFound: there is no such project within reach.
        AmbiguousPlan: `plan` is None and several plans have the project.
        PreconditionRequired, Stale: see `VersionCheck`.
        ValidationFailed: the parent does not exist or cannot have sub-projects, or the project
            has sub-projects itself.
    """
    # 1. Read the project, and check that this version of it may be changed.
    plan_row = await lookup.get_managed_plan(session, action.principal, plan, project=code)
    project = await get_for_update(session, plan_row, code)
    check_version(project.version)
    # 2. A new parent must exist, and a project with sub-projects takes none.
    columns = dict(values)
    old = await session.scalar(select(Project.code).where(Project.id == project.parent_id))
    new = columns.pop("parent", old)
    if new != old:
        if new is not None and (new == code or await has_sub_projects(session, project)):
            raise ValidationFailed.at("/parent", "has_sub_projects", HAS_SUB_PROJECTS, code=code)
        parent = await _get_parent(session, plan_row, new)
        columns["parent_id"] = parent.id if parent else None
    # 3. Apply and record the changes, if there are any.
    diff = changes.apply(project, columns, hidden={"parent_id"}).also("parent", old, new)
    if diff:
        await record_change(
            session,
            action,
            "project.changed",
            f"projects/{project.code}",
            diff,
            plan_id=plan_row.id,
            agency_id=plan_row.district_id,
        )
        await session.flush()
    return await _get_of_plan(session, plan_row, code)


async def find_for_update(session: AsyncSession, plan: Plan, code: str) -> Project | None:
    """A project of the plan, or None; locks its row until the end of the transaction.

    Changes of its sub-projects, assignments and budget lines take the same lock.
    """
    return await session.scalar(
        select(Project)
        .where(Project.plan_id == plan.id, Project.code == code)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def get_for_update(session: AsyncSession, plan: Plan, code: str) -> Project:
    """As `find_for_update`, for a project that must exist.

    Raises:
        NotFound: the plan has no such project.
    """
    project = await find_for_update(session, plan, code)
    if project is None:
        raise NotFound(terms.PROJECT, code=code)
    return project


async def get_body_project(
    session: AsyncSession, principal: Principal, code: str, *, plan: str | None = None
) -> tuple[Plan, Project]:
    """The project that the field `project` of a body names, locked, with its plan.

    Raises:
        NotFound: there is no such plan within reach.
        AmbiguousPlan: `plan` is None and several fit.
        ValidationFailed: the plan has no such project; at /project.
    """
    try:
        plan_row = await lookup.get_managed_plan(session, principal, plan, project=code)
    except NotFound:
        plan_row = await lookup.get_managed_plan(session, principal, plan)
    project = await find_for_update(session, plan_row, code)
    if project is None:
        raise _unknown_project("/project", code, plan_row)
    return plan_row, project


async def has_sub_projects(session: AsyncSession, project: Project) -> bool:
    """Whether a project has sub-projects, so that budget lines belong to those."""
    return bool(await session.scalar(select(exists().where(Project.parent_id == project.id))))


def within_project(plan_id: int, code: str) -> ColumnElement[bool]:
    """The condition that `Project` is the project with the code or one of its sub-projects."""
    above = aliased(Project)
    above_id = select(above.id).where(above.plan_id == plan_id, above.code == code)
    return or_(
        Project.id == above_id.scalar_subquery(), Project.parent_id == above_id.scalar_subquery()
    )


async def _get_parent(session: AsyncSession, plan: Plan, code: str | None) -> Project | None:
    """The project under which a sub-project can be placed; None for no code.

    Raises:
        ValidationFailed: there is no such project, it is a sub-project, or it has budget lines.
    """
    if code is None:
        return None
    parent = await find_for_update(session, plan, code)
    if parent is None:
        raise _unknown_project("/parent", code, plan)
    if parent.parent_id is not None:
        raise ValidationFailed.at("/parent", "is_sub_project", IS_SUB_PROJECT, code=code)
    if await session.scalar(select(exists().where(BudgetLine.project_id == parent.id))):
        raise ValidationFailed.at("/parent", "has_budget_lines", HAS_MONEY, code=code)
    return parent


def _unknown_project(pointer: str, code: str, plan: Plan) -> ValidationFailed:
    return ValidationFailed.at(
        pointer, "unknown_project", UNKNOWN_PROJECT, code=code, plan=plan.code
    )


async def _next_position(session: AsyncSession, plan: Plan) -> int:
    last = await session.scalar(
        select(func.max(Project.position)).where(Project.plan_id == plan.id)
    )
    return (last or 0) + 1


async def _get_of_plan(session: AsyncSession, plan: Plan, code: str) -> Row:
    query = _select_projects().where(Project.plan_id == plan.id, Project.code == code)
    return _with_total((await session.execute(query)).one())


def _with_total(row: ResultRow[Any]) -> Row:
    return row._asdict() | {"total_vnd": row.allocated_vnd + row.carried_over_vnd}


def _select_projects() -> Select[*tuple[Any, ...]]:
    """Projects with parent, budgets and agencies, all in one query."""
    above = aliased(Project)
    return (
        select(
            *Project.__table__.columns,
            Plan.code.label("plan"),
            above.code.label("parent"),
            _budget_sum(BudgetOrigin.CURRENT_YEAR).label("allocated_vnd"),
            _budget_sum(BudgetOrigin.CARRIED_OVER).label("carried_over_vnd"),
            _agency_codes(AssignmentRole.LEAD).label("leads"),
            _agency_codes(AssignmentRole.COORDINATING).label("coordinators"),
        )
        .join(Plan, Plan.id == Project.plan_id)
        .outerjoin(above, above.id == Project.parent_id)
    )


def _budget_sum(origin: BudgetOrigin) -> ColumnElement[int]:
    """The sum of the budget lines of a project and its sub-projects, in VND."""
    part = aliased(Project)
    total = (
        select(func.coalesce(func.sum(BudgetLine.amount_vnd), 0))
        .join(part, part.id == BudgetLine.project_id)
        .where(
            or_(part.id == Project.id, part.parent_id == Project.id),
            BudgetLine.origin == origin,
        )
        .correlate(Project)
        .scalar_subquery()
    )
    return cast(total, BigInteger)


def _agency_codes(role: AssignmentRole) -> ColumnElement[Any]:
    agencies = (
        select(Agency.code)
        .join(Assignment, Assignment.agency_id == Agency.id)
        .where(Assignment.project_id == Project.id, Assignment.role == role)
        .order_by(Agency.code.collate("C"))
        .correlate(Project)
        .scalar_subquery()
    )
    return func.array(agencies, type_=ARRAY(Text))
