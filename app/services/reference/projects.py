"""Projects with their money and agencies, as they are read and changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Text,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.agencies import Agency
from app.models.budgets import BudgetLine
from app.models.plans import Plan
from app.models.projects import Assignment, Project
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes, ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AssignmentRole, BudgetOrigin

Shown = dict[str, Any]
"""A project in the words of the wire, with its version."""

PLAN_ORDER = ((Project.position, int), (Project.code.collate("C"), str))
"""The order of a plan's projects."""

UNKNOWN_PROJECT = Bilingual(
    "Không có dự án {code} trong kế hoạch {plan}.", "There is no project {code} in plan {plan}."
)
IS_SUB_PROJECT = Bilingual(
    "{code} là tiểu dự án, không có tiểu dự án bên dưới.",
    "{code} is a sub-project and has none below it.",
)
HAS_SUB_PROJECTS = Bilingual(
    "Dự án {code} có tiểu dự án, hoặc là chính dự án này, nên không thể thành tiểu dự án.",
    "Project {code} has sub-projects, or is the parent itself, and cannot become a sub-project.",
)
HAS_MONEY = Bilingual(
    "Dự án {code} đã có dòng vốn; vốn của dự án có tiểu dự án phải nằm ở các tiểu dự án.",
    "Project {code} has budget lines; money of a project with sub-projects belongs to those.",
)

_part = aliased(Project)


async def listed(
    session: AsyncSession,
    principal: Principal,
    *,
    plan: str | None,
    parent: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Shown], str | None]:
    """A page of a plan's projects in its order; those below `parent`, if that is given."""
    found = await lookup.get_plan(session, principal, plan, project=parent)
    query = _shown().where(Project.plan_id == found.id)
    if parent is not None:
        above = select(_part.id).where(_part.plan_id == found.id, _part.code == parent)
        query = query.where(Project.parent_id == above.scalar_subquery())
    rows, following = await page(session, query, PLAN_ORDER, limit=limit, cursor=cursor)
    return [_with_total(row) for row in rows], following


async def find(session: AsyncSession, principal: Principal, plan: str | None, code: str) -> Shown:
    """One project.

    Raises:
        NotFound: there is none within the horizon.
        AmbiguousPlan: several plans have it, and none was named.
    """
    found = await lookup.get_plan(session, principal, plan, project=code)
    return await _find(session, found, code)


async def create(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    values: Mapping[str, Any],
    *,
    now: datetime,
    actor: Actor,
) -> Shown:
    """Add a project to a plan within reach; without a position it comes last.

    Raises:
        NotFound: no such plan.
        ValidationFailed: the parent cannot have sub-projects.
    """
    found = await lookup.get_managed_plan(session, principal, plan)
    own = dict(values)
    parent = await _parent(session, found, own.pop("parent"))
    own["position"] = own["position"] or await session.scalar(
        select(func.coalesce(func.max(Project.position), 0) + 1).where(Project.plan_id == found.id)
    )
    project = Project(plan_id=found.id, parent_id=parent.id if parent else None, **own)
    session.add(project)
    await session.flush()
    given = {name: value for name, value in values.items() if value is not None}
    await _record(session, found, project, "created", None, changes.told(given), now, actor)
    return await _find(session, found, project.code)


async def change(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    code: str,
    wanted: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> Shown:
    """Change a project of a plan within reach.

    Raises:
        NotFound: there is none.
        ValidationFailed: the parent cannot have sub-projects, or the project has some itself.
    """
    found = await lookup.get_managed_plan(session, principal, plan, project=code)
    project = await locked(session, found, code)
    if project is None:
        raise NotFound(terms.PROJECT, code=code)
    check_version(project.version)
    own = dict(wanted)
    before = await session.scalar(select(Project.code).where(Project.id == project.parent_id))
    after = own.pop("parent", before)
    if after != before:
        if after is not None and (after == code or await has_sub_projects(session, project)):
            raise _refusal("has_sub_projects", HAS_SUB_PROJECTS, code)
        parent = await _parent(session, found, after)
        own["parent_id"] = parent.id if parent else None
    changed = changes.apply(project, own, hidden={"parent_id"}).also("parent", before, after)
    if changed:
        await _record(session, found, project, "changed", changed.before, changed.after, now, actor)
        await session.flush()
    return await _find(session, found, code)


async def locked(session: AsyncSession, plan: Plan, code: str) -> Project | None:
    """A project of the plan, held until the transaction ends: its parts and money stay as found."""
    return await session.scalar(
        select(Project)
        .where(Project.plan_id == plan.id, Project.code == code)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def named(
    session: AsyncSession, principal: Principal, plan_code: str | None, code: str
) -> tuple[Plan, Project]:
    """The project that a body's field `project` names, held, with its plan within reach.

    Raises:
        NotFound: no such plan.
        AmbiguousPlan: several plans fit, and none was named.
        ValidationFailed: the plan has no such project.
    """
    try:
        plan = await lookup.get_managed_plan(session, principal, plan_code, project=code)
    except NotFound:
        plan = await lookup.get_managed_plan(session, principal, plan_code)
    project = await locked(session, plan, code)
    if project is None:
        raise ValidationFailed([unknown("/project", code, plan)])
    return plan, project


async def has_sub_projects(session: AsyncSession, project: Project) -> bool:
    """Whether money and work belong to the sub-projects rather than to the project itself."""
    return bool(await session.scalar(select(exists().where(Project.parent_id == project.id))))


def belongs_to(plan_id: int, code: str) -> ColumnElement[bool]:
    """That `Project` is the one with the code, or a sub-project of it."""
    above = select(_part.id).where(_part.plan_id == plan_id, _part.code == code).scalar_subquery()
    return or_(Project.id == above, Project.parent_id == above)


def unknown(pointer: str, code: str, plan: Plan) -> FieldError:
    """That a field names a project that the plan does not have."""
    return FieldError(
        pointer, "unknown_project", UNKNOWN_PROJECT, {"code": code, "plan": plan.code}
    )


async def _parent(session: AsyncSession, plan: Plan, code: str | None) -> Project | None:
    if code is None:
        return None
    parent = await locked(session, plan, code)
    if parent is None:
        raise ValidationFailed([unknown("/parent", code, plan)])
    if parent.parent_id is not None:
        raise _refusal("is_sub_project", IS_SUB_PROJECT, code)
    if await session.scalar(select(exists().where(BudgetLine.project_id == parent.id))):
        raise _refusal("has_budget_lines", HAS_MONEY, code)
    return parent


def _refusal(reason: str, message: Bilingual, code: str) -> ValidationFailed:
    return ValidationFailed([FieldError("/parent", reason, message, {"code": code})])


async def _record(
    session: AsyncSession,
    plan: Plan,
    project: Project,
    what: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    now: datetime,
    actor: Actor,
) -> None:
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action=f"project.{what}",
        subject=f"projects/{project.code}",
        plan_id=plan.id,
        agency_id=plan.district_id,
        before=before,
        after=after,
    )


async def _find(session: AsyncSession, plan: Plan, code: str) -> Shown:
    query = _shown().where(Project.plan_id == plan.id, Project.code == code)
    return _with_total((await session.execute(query)).one())


def _with_total(row: Row[Any]) -> Shown:
    return row._asdict() | {"total_vnd": row.allocated_vnd + row.carried_over_vnd}


def _shown() -> Select[*tuple[Any, ...]]:
    """Everything about projects in one question, whatever their number."""
    above = aliased(Project)
    return (
        select(
            *(column for column in Project.__table__.columns if not column.foreign_keys),
            Plan.code.label("plan"),
            above.code.label("parent"),
            _money(BudgetOrigin.CURRENT_YEAR).label("allocated_vnd"),
            _money(BudgetOrigin.CARRIED_OVER).label("carried_over_vnd"),
            _agencies(AssignmentRole.LEAD).label("leads"),
            _agencies(AssignmentRole.COORDINATING).label("coordinators"),
        )
        .join(Plan, Plan.id == Project.plan_id)
        .outerjoin(above, above.id == Project.parent_id)
    )


def _money(origin: BudgetOrigin) -> ColumnElement[int]:
    """The money of a project, or of its sub-projects together."""
    total = (
        select(func.coalesce(func.sum(BudgetLine.amount_vnd), 0))
        .join(_part, _part.id == BudgetLine.project_id)
        .where(
            or_(_part.id == Project.id, _part.parent_id == Project.id),
            BudgetLine.origin == origin,
        )
        .correlate(Project)
        .scalar_subquery()
    )
    return cast(total, BigInteger)


def _agencies(role: AssignmentRole) -> ColumnElement[Any]:
    agencies = (
        select(Agency.code)
        .join(Assignment, Assignment.agency_id == Agency.id)
        .where(Assignment.project_id == Project.id, Assignment.role == role)
        .order_by(Agency.code.collate("C"))
        .correlate(Project)
        .scalar_subquery()
    )
    return func.array(agencies, type_=ARRAY(Text))
