"""Plans: listed, read, changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Row as ResultRow
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.driver import Row
from app.db.pagination import page
from app.errors import NotFound
from app.models.agencies import Agency
from app.models.plans import DueSoonHistory, LegalDocument, Plan
from app.models.programmes import Programme
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import VersionCheck, record_change
from app.services.reference import targets
from app.text import terms
from app.vocabulary import AuditAction


async def list_page(
    session: AsyncSession,
    principal: Principal,
    *,
    year: int | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row], str | None]:
    """A page of the plans within the horizon, ordered by code."""
    query = _select_plans(principal)
    if year is not None:
        query = query.where(Plan.year == year)
    rows, next_cursor = await page(
        session, query, [Plan.code.collate("C")], limit=limit, cursor=cursor
    )
    return await _with_documents_and_targets(session, rows), next_cursor


async def get(session: AsyncSession, principal: Principal, code: str) -> Row:
    """One plan, with its legal basis and targets.

    Raises:
        NotFound: no plan within the horizon has the code.
    """
    query = _select_plans(principal).where(Plan.code == code)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.PLAN, code=code)
    return (await _with_documents_and_targets(session, [row]))[0]


async def change(
    session: AsyncSession,
    action: Action,
    code: str,
    values: Mapping[str, Any],
    *,
    check_version: VersionCheck,
) -> Row:
    """Change texts and settings of a plan.

    The old value of `due_soon_days` goes into `DueSoonHistory`, because the timeliness at an
    earlier instant follows from the value at that instant.

    Raises:
        NotFound: no plan within reach has the code.
        PreconditionRequired, Stale: see `VersionCheck`.
    """
    plan = await lookup.get_managed_plan(session, action.principal, code)
    await session.refresh(plan, with_for_update={"key_share": True})
    check_version(plan.version)
    if diff := changes.apply(plan, values):
        at = await record_change(
            session,
            action,
            AuditAction.PLAN_CHANGED,
            f"plans/{plan.code}",
            diff,
            plan_id=plan.id,
            agency_id=plan.owner_id,
        )
        if "due_soon_days" in diff.before:
            days = diff.before["due_soon_days"]
            session.add(DueSoonHistory(plan_id=plan.id, due_soon_days=days, valid_until=at))
        await session.flush()
    return await get(session, action.principal, code)


def _select_plans(principal: Principal) -> Select[*tuple[Any, ...]]:
    taker = aliased(Agency)
    return (
        lookup.known_plans(principal)
        .join(Programme, Programme.id == Plan.programme_id)
        .with_only_columns(
            *Plan.__table__.columns,
            Programme.code.label("programme"),
            Agency.code.label("owner"),
            lookup.district_code(),
            select(taker.code)
            .where(taker.id == Agency.taken_over_by_id)
            .scalar_subquery()
            .label("taken_over_by"),
        )
    )


async def _with_documents_and_targets(
    session: AsyncSession, rows: Collection[ResultRow[*tuple[Any, ...]]]
) -> list[Row]:
    """Add legal basis and targets to the plans, with two queries for all plans."""
    ids = [row.id for row in rows]
    documents = await session.execute(
        select(*LegalDocument.__table__.columns)
        .where(LegalDocument.plan_id.in_(ids))
        .order_by(LegalDocument.position, LegalDocument.id)
    )
    legal_basis = _by_plan(documents)
    targets_of = await targets.of_plans(session, ids)
    return [
        row._asdict() | {"legal_basis": legal_basis[row.id], "targets": targets_of.get(row.id, [])}
        for row in rows
    ]


def _by_plan(rows: Iterable[ResultRow[*tuple[Any, ...]]]) -> defaultdict[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.plan_id].append(row._asdict())
    return groups
