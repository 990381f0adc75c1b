"""Programmes and the catalogues that they define. Every account may read them."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.driver import Row
from app.db.pagination import page
from app.errors import NotFound
from app.models.indicators import Indicator
from app.models.programmes import Programme
from app.models.projects import Project
from app.text import terms


async def list_page(
    session: AsyncSession, *, limit: int, cursor: str | None
) -> tuple[list[Row], str | None]:
    """A page of the programmes, ordered by code."""
    order = [Programme.code.collate("C")]
    rows, next_cursor = await page(session, _select(), order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def get(session: AsyncSession, code: str) -> Row:
    """One programme.

    Raises:
        NotFound: there is none with the code.
    """
    row = (await session.execute(_select().where(Programme.code == code))).one_or_none()
    if row is None:
        raise NotFound(terms.PROGRAMME, code=code)
    return row._asdict()


async def list_projects(
    session: AsyncSession, code: str, *, limit: int, cursor: str | None
) -> tuple[list[Row], str | None]:
    """A page of the projects that a programme defines, in its order.

    Raises:
        NotFound: there is no such programme.
    """
    await get(session, code)
    above = aliased(Project)
    query = (
        select(
            Programme.code.label("programme"),
            Project.code,
            above.code.label("parent"),
            Project.position,
            Project.name,
        )
        .join_from(Project, Programme, Programme.id == Project.programme_id)
        .outerjoin(above, above.id == Project.parent_id)
        .where(Programme.code == code, Project.plan_id.is_(None))
    )
    order = [Project.position, Project.code.collate("C")]
    rows, next_cursor = await page(session, query, order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def list_indicators(
    session: AsyncSession, code: str, *, limit: int, cursor: str | None
) -> tuple[list[Row], str | None]:
    """A page of the indicators that a programme defines, in its order.

    Raises:
        NotFound: there is no such programme.
    """
    await get(session, code)
    query = (
        select(
            Programme.code.label("programme"),
            Indicator.code,
            Indicator.name,
            Project.code.label("project"),
            Indicator.position,
            Indicator.unit,
            Indicator.kind,
            Indicator.decimals,
            Indicator.formula,
            Indicator.note,
        )
        .join_from(Indicator, Programme, Programme.id == Indicator.programme_id)
        .outerjoin(Project, Project.id == Indicator.project_id)
        .where(Programme.code == code, Indicator.plan_id.is_(None))
    )
    order = [Indicator.position, Indicator.code.collate("C")]
    rows, next_cursor = await page(session, query, order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


def _select() -> Select[*tuple[Any, ...]]:
    return select(Programme.code, Programme.name, Programme.first_year, Programme.last_year)
