"""Assignments: which agency does what in which project."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import NotFound, StateConflict
from app.models.agencies import Agency
from app.models.budgets import BudgetLine
from app.models.plans import Plan
from app.models.projects import Assignment, Project
from app.policy import Principal
from app.services import lookup
from app.services.audit import ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.services.reference import projects
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AssignmentRole

Shown = dict[str, Any]
"""An assignment in the words of the wire, with its version."""

HAS_MONEY = Bilingual(
    "Đơn vị {agency} còn dòng vốn trong {project}; hãy thu hồi dòng vốn trước.",
    "Agency {agency} has budget lines in {project}; take those back first.",
)


async def listed(
    session: AsyncSession,
    principal: Principal,
    *,
    plan: str | None,
    project: str | None,
    agency: str | None,
    role: AssignmentRole | None,
    on: date,
    limit: int,
    cursor: str | None,
) -> tuple[list[Shown], str | None]:
    """A page of a plan's assignments, by project and agency.

    Raises:
        NotFound: no such plan, project or agency.
        AmbiguousPlan: several plans fit, and none was named.
    """
    found = await lookup.get_plan(session, principal, plan, project=project)
    query = _shown().where(Project.plan_id == found.id)
    if project is not None:
        query = query.where(projects.belongs_to(found.id, project))
    if agency is not None:
        named = await lookup.get_agency(session, principal, agency, on)
        query = query.where(Assignment.agency_id == named.id)
    if role is not None:
        query = query.where(Assignment.role == role)
    order = [*projects.PLAN_ORDER, (Agency.code.collate("C"), str), (Agency.id, int)]
    rows, following = await page(session, query, order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], following


async def find(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    project: str,
    agency: str,
    *,
    on: date,
) -> Shown:
    """An agency's part in a project.

    Raises:
        NotFound: it has none, or no such project or agency is known.
        AmbiguousPlan: several plans have the project, and none was named.
    """
    found = await lookup.get_plan(session, principal, plan, project=project)
    named = await lookup.get_agency(session, principal, agency, on)
    query = _shown().where(
        Project.plan_id == found.id, Project.code == project, Agency.id == named.id
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.ASSIGNMENT, agency=agency, project=project)
    return row._asdict()


async def assign(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    project_code: str,
    agency_code: str,
    role: AssignmentRole,
    *,
    on: date,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> tuple[Shown, bool]:
    """Give an agency of the plan's district a part in a project; whether it had none before.

    Raises:
        NotFound: no such project within reach, or no such agency in the district.
        AmbiguousPlan: several plans have the project, and none was named.
        PreconditionRequired, Stale: it has a part, and the client has not read this version; or
            the client has read one, and that is gone.
    """
    found, project, agency = await _place(session, principal, plan, project_code, agency_code, on)
    assignment = await _existing(session, project, agency)
    check_version(assignment.version if assignment else None)
    before = assignment.role if assignment else None
    if assignment is None:
        assignment = Assignment(project_id=project.id, agency_id=agency.id, role=role)
        session.add(assignment)
    assignment.role = role
    if before is not role:
        roles = (before, role)
        await _record(session, found, project, agency, roles, now=now, actor=actor)
    await session.flush()
    query = _shown().where(Project.id == project.id, Agency.id == agency.id)
    return (await session.execute(query)).one()._asdict(), before is None


async def withdraw(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    project_code: str,
    agency_code: str,
    *,
    on: date,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """End an agency's part in a project.

    Raises:
        NotFound: it has none, or the project is not within reach.
        AmbiguousPlan: several plans have the project, and none was named.
        PreconditionRequired, Stale: the client has not read this version.
        StateConflict: the agency has money of the project.
    """
    found, project, agency = await _place(session, principal, plan, project_code, agency_code, on)
    assignment = await _existing(session, project, agency)
    if assignment is None:
        raise NotFound(terms.ASSIGNMENT, agency=agency_code, project=project_code)
    check_version(assignment.version)
    has_money = exists().where(
        BudgetLine.project_id == project.id, BudgetLine.agency_id == agency.id
    )
    if await session.scalar(select(has_money)):
        raise StateConflict(HAS_MONEY, agency=agency_code, project=project_code)
    await session.delete(assignment)
    roles = (assignment.role, None)
    await _record(session, found, project, agency, roles, now=now, actor=actor)
    await session.flush()


async def has_part(session: AsyncSession, project: Project, agency: Agency) -> bool:
    """Whether an agency leads or coordinates in a project."""
    return await _existing(session, project, agency) is not None


async def _place(
    session: AsyncSession,
    principal: Principal,
    plan_code: str | None,
    project_code: str,
    agency_code: str,
    on: date,
) -> tuple[Plan, Project, Agency]:
    """The project, held, and an agency of its plan's district."""
    plan = await lookup.get_managed_plan(session, principal, plan_code, project=project_code)
    project = await projects.locked(session, plan, project_code)
    if project is None:
        raise NotFound(terms.PROJECT, code=project_code)
    agency = await lookup.get_agency(session, principal, agency_code, on)
    district = await session.get_one(Agency, plan.district_id)
    if not agency.path.startswith(district.path):
        raise NotFound(terms.AGENCY, code=agency_code)
    return plan, project, agency


async def _existing(session: AsyncSession, project: Project, agency: Agency) -> Assignment | None:
    return await session.scalar(
        select(Assignment).where(
            Assignment.project_id == project.id, Assignment.agency_id == agency.id
        )
    )


def _shown() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Plan.code.label("plan"),
            Project.code.label("project"),
            Agency.code.label("agency"),
            Agency.name.label("agency_name"),
            Agency.kind.label("agency_kind"),
            Assignment.role,
            Assignment.version,
        )
        .join_from(Assignment, Project, Project.id == Assignment.project_id)
        .join(Plan, Plan.id == Project.plan_id)
        .join(Agency, Agency.id == Assignment.agency_id)
    )


async def _record(
    session: AsyncSession,
    plan: Plan,
    project: Project,
    agency: Agency,
    roles: Sequence[AssignmentRole | None],
    *,
    now: datetime,
    actor: Actor,
) -> None:
    before, after = ({"role": role.value} if role else None for role in roles)
    what = "changed" if before and after else "created" if after else "deleted"
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action=f"assignment.{what}",
        subject=f"assignments/{project.code}/{agency.code}",
        plan_id=plan.id,
        agency_id=agency.id,
        before=before,
        after=after,
    )
