"""Projects and sub-projects with their budgets and agencies: listed, read, changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    cast,
    exists,
    func,
    or_,
    select,
)
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
from app.models.projects import Assignment, PlanProject, Project
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.services.reference import definitions
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AssignmentRole, AuditAction, BudgetOrigin

PLAN_ORDER = (PlanProject.position, Project.code.collate("C"))
"""The order of a plan's projects."""
LIST_ORDER = (Plan.code.collate("C"), *PLAN_ORDER)
"""The order of projects in lists that span plans."""

UNKNOWN_PROJECT = Bilingual(
    "Không có dự án {code} trong kế hoạch {plan}.", "There is no project {code} in plan {plan}."
)
IS_SUB_PROJECT = Bilingual(
    "{code} là tiểu dự án nên không có tiểu dự án bên dưới.",
    "{code} is a sub-project, so it cannot have sub-projects.",
)
HAS_SUB_PROJECTS = Bilingual(
    "Dự án {code} có tiểu dự án, hoặc là chính dự án này, nên không thể thành tiểu dự án.",
    "Project {code} has sub-projects or is its own parent, so it cannot become a sub-project.",
)
HAS_MONEY = Bilingual(
    "Dự án {code} đã có khoản vốn; dự án có tiểu dự án thì vốn phải giao theo tiểu dự án.",
    "Project {code} has budget lines; the budget lines of a project with sub-projects "
    "belong to the sub-projects.",
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
    """A page of the projects of a plan, or of all known plans, in the order of each plan.

    parent: the code of a project; restricts the list to its sub-projects.

    Raises:
        NotFound: there is no such plan or parent.
    """
    plans = await lookup.list_plan_ids(session, principal, plan, project=parent)
    query = _select_projects().where(PlanProject.plan_id.in_(plans))
    if parent is not None:
        query = query.where(Project.parent_id.in_(_adopted_ids(plans, parent)))
    rows, next_cursor = await page(session, query, LIST_ORDER, limit=limit, cursor=cursor)
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
    """Add a project to a plan, by default at its end: one of its programme, or one of its own.

    Raises:
        NotFound: there is no such plan within reach.
        AmbiguousPlan: `plan` is None and several fit.
        ValidationFailed: the parent does not exist or cannot have sub-projects, or the programme
            defines the project differently.
    """
    plan_row = await lookup.get_managed_plan(session, action.principal, plan)
    columns = dict(values)
    code, name = columns.pop("code"), columns.pop("name")
    parent = await _get_parent(session, plan_row, columns.pop("parent"))
    columns["position"] = columns["position"] or await _next_position(session, plan_row)
    project = await definitions.find(session, Project, plan_row, code)
    if project is None:
        project = Project(
            programme_id=plan_row.programme_id,
            plan_id=plan_row.id,
            parent_id=parent.id if parent else None,
            position=columns["position"],
            code=code,
            name=name,
        )
        session.add(project)
        await session.flush()
    elif not await definitions.is_adopted(session, plan_row, project):
        above = await session.scalar(select(Project.code).where(Project.id == project.parent_id))
        definitions.ensure_agrees(code, {"name": project.name, "parent": above}, values)
    session.add(PlanProject(plan_id=plan_row.id, project_id=project.id, **columns))
    await session.flush()
    recorded_values = {name: value for name, value in values.items() if value is not None}
    await record_change(
        session,
        action,
        AuditAction.PROJECT_CREATED,
        f"projects/{code}",
        Change.created(recorded_values),
        plan_id=plan_row.id,
        agency_id=plan_row.owner_id,
    )
    return await _get_of_plan(session, plan_row, code)


async def change(
    session: AsyncSession,
    action: Action,
    code: str,
    values: Mapping[str, Any],
    *,
    plan: str | None = None,
    check_version: VersionCheck,
) -> Row:
    """Change a project of a plan.

    Raises:
        NotFound: there is no such project within reach.
        AmbiguousPlan: `plan` is None and several plans have the project.
        PreconditionRequired, Stale: see `VersionCheck`.
        StateConflict: another plan has adopted the project whose definition would change.
        ValidationFailed: the parent does not exist or cannot have sub-projects, or the project
            has sub-projects itself.
    """
    # 1. Read the project, and check that this version of it may be changed.
    plan_row = await lookup.get_managed_plan(session, action.principal, plan, project=code)
    project = await get_for_update(session, plan_row, code)
    adoption = await session.get_one(PlanProject, (plan_row.id, project.id))
    check_version(definitions.version(project, adoption))
    # 2. A new parent must exist, and a project with sub-projects takes none.
    columns = dict(values)
    defined = {name: columns.pop(name) for name in ("name",) if name in columns}
    old = await session.scalar(select(Project.code).where(Project.id == project.parent_id))
    new = columns.pop("parent", old)
    if new != old:
        defined["parent_id"] = await _new_parent_id(session, plan_row, project, new)
    # 3. Apply and record the changes, if there are any.
    with session.no_autoflush:
        definition_diff = changes.apply(project, defined, hidden={"parent_id"})
        definition_diff = definition_diff.also("parent", old, new)
        await definitions.ensure_not_shared(
            session, plan_row, project, definition_diff.after.keys()
        )
    if diff := definition_diff | changes.apply(adoption, columns):
        await record_change(
            session,
            action,
            AuditAction.PROJECT_CHANGED,
            f"projects/{project.code}",
            diff,
            plan_id=plan_row.id,
            agency_id=plan_row.owner_id,
        )
        await session.flush()
    return await _get_of_plan(session, plan_row, code)


async def find_for_update(session: AsyncSession, plan: Plan, code: str) -> Project | None:
    """A project of the plan, or None; locks its adoption until the end of the transaction.

    Changes of its sub-projects, assignments and budget lines in the plan take the same lock.
    """
    row = await session.execute(
        select(Project, PlanProject)
        .join(PlanProject, PlanProject.project_id == Project.id)
        .where(PlanProject.plan_id == plan.id, Project.code == code)
        .with_for_update(key_share=True, of=PlanProject)
        .execution_options(populate_existing=True)
    )
    return row.scalar_one_or_none()


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


async def has_sub_projects(session: AsyncSession, plan: Plan, project: Project) -> bool:
    """Whether a project has sub-projects in the plan, so that budget lines belong to those."""
    sub_project = exists().where(
        Project.parent_id == project.id,
        PlanProject.project_id == Project.id,
        PlanProject.plan_id == plan.id,
    )
    return bool(await session.scalar(select(sub_project)))


def within_project(plans: Sequence[int], code: str) -> ColumnElement[bool]:
    """The condition that `Project` has the code in one of the plans, or is a sub-project."""
    above = _adopted_ids(plans, code)
    return or_(Project.id.in_(above), Project.parent_id.in_(above))


def _adopted_ids(plans: Sequence[int], code: str) -> Select[int]:
    """The ids of the projects that have the code in one of the plans."""
    adopted, project = aliased(PlanProject), aliased(Project)
    return (
        select(project.id)
        .join(adopted, adopted.project_id == project.id)
        .where(adopted.plan_id.in_(plans), project.code == code)
    )


async def _new_parent_id(
    session: AsyncSession, plan: Plan, project: Project, code: str | None
) -> int | None:
    """The id of a project's new parent.

    Raises:
        ValidationFailed: see `_get_parent`; or the project has sub-projects or is the parent.
    """
    is_parent = code == project.code or await has_sub_projects(session, plan, project)
    if code is not None and is_parent:
        raise ValidationFailed.at(
            "/parent", "has_sub_projects", HAS_SUB_PROJECTS, code=project.code
        )
    parent = await _get_parent(session, plan, code)
    return parent.id if parent else None


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
    has_money = exists().where(BudgetLine.plan_id == plan.id, BudgetLine.project_id == parent.id)
    if await session.scalar(select(has_money)):
        raise ValidationFailed.at("/parent", "has_budget_lines", HAS_MONEY, code=code)
    return parent


def _unknown_project(pointer: str, code: str, plan: Plan) -> ValidationFailed:
    return ValidationFailed.at(
        pointer, "unknown_project", UNKNOWN_PROJECT, code=code, plan=plan.code
    )


async def _next_position(session: AsyncSession, plan: Plan) -> int:
    last = await session.scalar(
        select(func.max(PlanProject.position)).where(PlanProject.plan_id == plan.id)
    )
    return (last or 0) + 1


async def _get_of_plan(session: AsyncSession, plan: Plan, code: str) -> Row:
    query = _select_projects().where(PlanProject.plan_id == plan.id, Project.code == code)
    return _with_total((await session.execute(query)).one())


def _with_total(row: ResultRow[Any]) -> Row:
    return row._asdict() | {"total_vnd": row.allocated_vnd + row.carried_over_vnd}


def _select_projects() -> Select[*tuple[Any, ...]]:
    """Projects of plans with parent, budgets and agencies, all in one query."""
    above = aliased(Project)
    adopted = (column for column in PlanProject.__table__.columns if column.name != "version")
    return (
        select(
            *adopted,
            (Project.version + PlanProject.version - 1).label("version"),
            Project.code,
            Project.name,
            Project.plan_id.is_not(None).label("own"),
            Plan.code.label("plan"),
            above.code.label("parent"),
            _budget_sum(BudgetOrigin.CURRENT_YEAR).label("allocated_vnd"),
            _budget_sum(BudgetOrigin.CARRIED_OVER).label("carried_over_vnd"),
            _agency_codes(AssignmentRole.LEAD).label("leads"),
            _agency_codes(AssignmentRole.COORDINATING).label("coordinators"),
        )
        .join_from(PlanProject, Project, Project.id == PlanProject.project_id)
        .join(Plan, Plan.id == PlanProject.plan_id)
        .outerjoin(above, above.id == Project.parent_id)
    )


def _budget_sum(origin: BudgetOrigin) -> ColumnElement[int]:
    """The sum of the plan's budget lines of a project and its sub-projects, in VND."""
    part = aliased(Project)
    total = (
        select(func.coalesce(func.sum(BudgetLine.amount_vnd), 0))
        .join(part, part.id == BudgetLine.project_id)
        .where(
            BudgetLine.plan_id == PlanProject.plan_id,
            or_(part.id == Project.id, part.parent_id == Project.id),
            BudgetLine.origin == origin,
        )
        .correlate(Project, PlanProject)
        .scalar_subquery()
    )
    return cast(total, BigInteger)


def _agency_codes(role: AssignmentRole) -> ColumnElement[Any]:
    agencies = (
        select(Agency.code)
        .join(Assignment, Assignment.agency_id == Agency.id)
        .where(
            Assignment.plan_id == PlanProject.plan_id,
            Assignment.project_id == PlanProject.project_id,
            Assignment.role == role,
        )
        # Agencies of different days can have one code.
        .group_by(Agency.code)
        .order_by(Agency.code.collate("C"))
        .correlate(PlanProject)
        .scalar_subquery()
    )
    return func.array(agencies, type_=ARRAY(Text))
