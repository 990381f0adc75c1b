"""Plans as they are read and changed."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import NotFound
from app.models.agencies import Agency
from app.models.plans import DueSoonHistory, LegalDocument, Plan, Target
from app.models.projects import Project
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes, ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.text import terms

Shown = dict[str, Any]
"""A plan in the words of the wire, with its version."""


async def listed(
    session: AsyncSession,
    principal: Principal,
    *,
    year: int | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Shown], str | None]:
    """A page of the plans within the horizon, by code."""
    query = _shown(principal)
    if year is not None:
        query = query.where(Plan.year == year)
    rows, following = await page(
        session, query, [(Plan.code.collate("C"), str)], limit=limit, cursor=cursor
    )
    return await _with_lists(session, rows), following


async def find(session: AsyncSession, principal: Principal, code: str) -> Shown:
    """One plan within the horizon.

    Raises:
        NotFound: there is none.
    """
    rows = (await session.execute(_shown(principal).where(Plan.code == code))).all()
    if not rows:
        raise NotFound(terms.PLAN, code=code)
    return (await _with_lists(session, rows))[0]


async def change(
    session: AsyncSession,
    principal: Principal,
    code: str,
    wanted: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> Shown:
    """Change texts and settings of a plan within reach.

    Raises:
        NotFound: there is none.
    """
    plan = await lookup.get_managed_plan(session, principal, code)
    await session.refresh(plan, with_for_update={"key_share": True})
    check_version(plan.version)
    if changed := changes.apply(plan, wanted):
        at = await ledger.record(
            session,
            now=now,
            actor=actor,
            action="plan.changed",
            subject=f"plans/{plan.code}",
            plan_id=plan.id,
            agency_id=plan.district_id,
            before=changed.before,
            after=changed.after,
        )
        if "due_soon_days" in changed.before:
            days = changed.before["due_soon_days"]
            session.add(DueSoonHistory(plan_id=plan.id, due_soon_days=days, valid_until=at))
        await session.flush()
    return await find(session, principal, code)


def _shown(principal: Principal) -> Select[*tuple[Any, ...]]:
    hidden = {"district_id", "effective_from", "import_failed"}
    columns = [column for column in Plan.__table__.columns if column.name not in hidden]
    return lookup.known_plans(principal).with_only_columns(*columns, Agency.code.label("district"))


async def _with_lists(session: AsyncSession, rows: Collection[Row[Any]]) -> list[Shown]:
    """The plans with their legal basis and targets, in two questions for all of them."""
    ids = [row.id for row in rows]
    documents = await session.scalars(
        select(LegalDocument)
        .where(LegalDocument.plan_id.in_(ids))
        .order_by(LegalDocument.position, LegalDocument.id)
    )
    targets = await session.execute(
        select(
            Target.plan_id,
            Target.code,
            Target.name,
            Target.unit,
            Target.value,
            Project.code.label("project"),
        )
        .outerjoin(Project, Project.id == Target.project_id)
        .where(Target.plan_id.in_(ids))
        .order_by(Target.position, Target.id)
    )
    legal_basis: dict[int, list[LegalDocument]] = defaultdict(list)
    for document in documents:
        legal_basis[document.plan_id].append(document)
    targets_of: dict[int, list[Any]] = defaultdict(list)
    for target in targets:
        targets_of[target.plan_id].append(target)
    return [
        row._asdict() | {"legal_basis": legal_basis[row.id], "targets": targets_of[row.id]}
        for row in rows
    ]
