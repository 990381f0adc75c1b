"""Assignments (phân công): which agency leads or coordinates in which project."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Row
from app.db.pagination import page
from app.errors import NotFound, StateConflict
from app.models.agencies import Agency
from app.models.budgets import BudgetLine
from app.models.plans import Plan
from app.models.projects import Assignment, PlanProject, Project
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.services.reference import projects
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AssignmentRole, AuditAction

HAS_MONEY = Bilingual(
    "Đơn vị {agency} còn khoản vốn trong {project} nên không bỏ phân công được; phải "
    "thu hồi khoản vốn trước.",
    "Agency {agency} has budget lines in {project}, so the assignment cannot be "
    "deleted; delete those first.",
)


async def list_page(
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
) -> tuple[list[Row], str | None]:
    """A page of the assignments of a plan, or of all known plans, by project and agency code.

    on: the day on which the code `agency` is read.

    Raises:
        NotFound: there is no such plan, project or agency within the horizon.
    """
    plans = await lookup.list_plan_ids(session, principal, plan, project=project)
    query = _select_assignments().where(Assignment.plan_id.in_(plans))
    if project is not None:
        query = query.where(projects.within_project(plans, project))
    if agency is not None:
        agency_row = await lookup.get_agency(session, principal, agency, on)
        query = query.where(Assignment.agency_id == agency_row.id)
    if role is not None:
        query = query.where(Assignment.role == role)
    order = [*projects.LIST_ORDER, Agency.code.collate("C"), Agency.id]
    rows, next_cursor = await page(session, query, order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def get(
    session: AsyncSession,
    principal: Principal,
    project: str,
    agency: str,
    *,
    plan: str | None = None,
    on: date,
) -> Row:
    """The assignment of an agency to a project.

    Raises:
        NotFound: there is no such project, agency or assignment within the horizon.
        AmbiguousPlan: `plan` is None and several plans have the project.
    """
    plan_row = await lookup.get_plan(session, principal, plan, project=project)
    agency_row = await lookup.get_agency(session, principal, agency, on)
    query = _select_assignments().where(
        Assignment.plan_id == plan_row.id, Project.code == project, Agency.id == agency_row.id
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.ASSIGNMENT, agency=agency, project=project)
    return row._asdict()


async def assign(
    session: AsyncSession,
    action: Action,
    project: str,
    agency: str,
    role: AssignmentRole,
    *,
    plan: str | None = None,
    on: date,
    check_version: VersionCheck,
) -> tuple[Row, bool]:
    """Assign an agency of the plan's area to a project, or change its role.

    Returns the assignment, and whether it is new.

    Raises:
        NotFound: there is no such project within reach, or no such agency in the area.
        AmbiguousPlan: `plan` is None and several plans have the project.
        PreconditionRequired, Stale: see `VersionCheck`.
    """
    # 1. Read the assignment, and check the version of an existing one.
    pair = await _get_for_update(session, action.principal, project, agency, plan, on)
    assignment = await _find(session, pair.plan, pair.project, pair.agency)
    check_version(assignment.version if assignment else None)
    # 2. Create it or change its role, and record that.
    if assignment is None:
        session.add(
            Assignment(
                plan_id=pair.plan.id,
                project_id=pair.project.id,
                agency_id=pair.agency.id,
                role=role,
            )
        )
        diff = Change.created({"role": role})
    else:
        diff = changes.apply(assignment, {"role": role})
    if diff:
        await record_change(
            session,
            action,
            AuditAction.ASSIGNMENT_CHANGED if assignment else AuditAction.ASSIGNMENT_CREATED,
            pair.subject,
            diff,
            plan_id=pair.plan.id,
            agency_id=pair.agency.id,
        )
    # 3. Read the answer.
    await session.flush()
    query = _select_assignments().where(
        Assignment.plan_id == pair.plan.id,
        Project.id == pair.project.id,
        Agency.id == pair.agency.id,
    )
    return (await session.execute(query)).one()._asdict(), assignment is None


async def unassign(
    session: AsyncSession,
    action: Action,
    project: str,
    agency: str,
    *,
    plan: str | None = None,
    on: date,
    check_version: VersionCheck,
) -> None:
    """Delete the assignment of an agency to a project.

    Raises:
        NotFound: there is no such assignment, or the project is not within reach.
        AmbiguousPlan: `plan` is None and several plans have the project.
        PreconditionRequired, Stale: see `VersionCheck`.
        StateConflict: the agency has budget lines of the project.
    """
    pair = await _get_for_update(session, action.principal, project, agency, plan, on)
    assignment = await _find(session, pair.plan, pair.project, pair.agency)
    if assignment is None:
        raise NotFound(terms.ASSIGNMENT, agency=agency, project=project)
    check_version(assignment.version)
    has_money = exists().where(
        BudgetLine.plan_id == pair.plan.id,
        BudgetLine.project_id == pair.project.id,
        BudgetLine.agency_id == pair.agency.id,
    )
    if await session.scalar(select(has_money)):
        raise StateConflict(HAS_MONEY, agency=agency, project=project)
    await session.delete(assignment)
    await record_change(
        session,
        action,
        AuditAction.ASSIGNMENT_DELETED,
        pair.subject,
        Change.deleted({"role": assignment.role}),
        plan_id=pair.plan.id,
        agency_id=pair.agency.id,
    )
    await session.flush()


async def is_assigned(session: AsyncSession, plan: Plan, project: Project, agency: Agency) -> bool:
    """Whether an agency leads or coordinates in a project of a plan."""
    return await _find(session, plan, project, agency) is not None


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two ends of an assignment, and the plan of the project."""

    plan: Plan
    project: Project
    agency: Agency

    @property
    def subject(self) -> str:
        """The subject of audit events on the assignment."""
        return f"assignments/{self.project.code}/{self.agency.code}"


async def _get_for_update(
    session: AsyncSession,
    principal: Principal,
    project_code: str,
    agency_code: str,
    plan_code: str | None,
    on: date,
) -> _Pair:
    """The project, locked, and an agency of its plan's area.

    Raises:
        NotFound: there is no such project within reach, or no such agency in the area.
        AmbiguousPlan: `plan_code` is None and several plans have the project.
    """
    plan = await lookup.get_managed_plan(session, principal, plan_code, project=project_code)
    project = await projects.get_for_update(session, plan, project_code)
    agency = await lookup.get_agency(session, principal, agency_code, on)
    manager = await lookup.get_manager(session, plan)
    if not agency.path.startswith(manager.path):
        raise NotFound(terms.AGENCY, code=agency_code)
    return _Pair(plan, project, agency)


async def _find(
    session: AsyncSession, plan: Plan, project: Project, agency: Agency
) -> Assignment | None:
    return await session.get(Assignment, (plan.id, project.id, agency.id))


def _select_assignments() -> Select[*tuple[Any, ...]]:
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
        .join(
            PlanProject,
            and_(
                PlanProject.plan_id == Assignment.plan_id,
                PlanProject.project_id == Assignment.project_id,
            ),
        )
        .join(Plan, Plan.id == Assignment.plan_id)
        .join(Agency, Agency.id == Assignment.agency_id)
    )
