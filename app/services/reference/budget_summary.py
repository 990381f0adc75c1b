"""The budget of a plan as a whole: sums by project and by source."""

from sqlalchemy import BigInteger, ColumnElement, and_, cast, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.driver import Row
from app.models.budgets import BudgetLine
from app.models.projects import PlanProject, Project
from app.policy import Principal
from app.services import lookup
from app.services.reference import projects
from app.vocabulary import BudgetOrigin, BudgetSource


async def get(session: AsyncSession, principal: Principal, *, plan: str | None = None) -> Row:
    """The sums of a plan's budget lines, in VND.

    Raises:
        NotFound: there is no such plan within the horizon.
        AmbiguousPlan: `plan` is None and there are several.
    """
    plan_row = await lookup.get_plan(session, principal, plan)
    by_project = await _by_project(session, plan_row.id)
    columns = ("allocated_vnd", "carried_over_vnd", "total_vnd", "distributed_vnd")
    totals = {name: sum(project[name] for project in by_project) for name in columns}
    sources = await _by_source(session, plan_row.id)
    return {"plan": plan_row.code, **totals, "projects": by_project, "sources": sources}


async def _by_project(session: AsyncSession, plan_id: int) -> list[Row]:
    """Sums for each project without sub-projects and each sub-project, in the plan's order."""
    above, part, adopted = aliased(Project), aliased(Project), aliased(PlanProject)
    current_year = BudgetLine.origin == BudgetOrigin.CURRENT_YEAR
    sub_projects = (
        exists()
        .where(part.parent_id == Project.id, adopted.project_id == part.id)
        .where(adopted.plan_id == plan_id)
    )
    rows = await session.execute(
        select(
            Project.code.label("project"),
            Project.name,
            above.code.label("parent"),
            _sum(current_year).label("allocated_vnd"),
            _sum(~current_year).label("carried_over_vnd"),
            _sum(BudgetLine.agency_id.is_not(None)).label("distributed_vnd"),
        )
        .join_from(PlanProject, Project, Project.id == PlanProject.project_id)
        .outerjoin(
            BudgetLine,
            and_(BudgetLine.plan_id == PlanProject.plan_id, BudgetLine.project_id == Project.id),
        )
        .outerjoin(above, above.id == Project.parent_id)
        .where(PlanProject.plan_id == plan_id, or_(BudgetLine.id.is_not(None), ~sub_projects))
        .group_by(Project.id, above.id, PlanProject.plan_id, PlanProject.project_id)
        .order_by(*projects.PLAN_ORDER)
    )
    return [row._asdict() | {"total_vnd": row.allocated_vnd + row.carried_over_vnd} for row in rows]


async def _by_source(session: AsyncSession, plan_id: int) -> list[Row]:
    """The sum of every source and origin; 0 for those without budget lines."""
    rows = await session.execute(
        select(
            BudgetLine.source, BudgetLine.origin, cast(func.sum(BudgetLine.amount_vnd), BigInteger)
        )
        .where(BudgetLine.plan_id == plan_id)
        .group_by(BudgetLine.source, BudgetLine.origin)
    )
    amounts = {(source, origin): amount for source, origin, amount in rows}
    return [
        {"source": source, "origin": origin, "amount_vnd": amounts.get((source, origin), 0)}
        for source in BudgetSource
        for origin in BudgetOrigin
    ]


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    total = func.sum(BudgetLine.amount_vnd).filter(condition)
    return cast(func.coalesce(total, 0), BigInteger)
