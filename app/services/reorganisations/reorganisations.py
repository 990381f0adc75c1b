"""Reorganisations: entered ahead, previewed, applied on their day, read."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.database import Database
from app.db.pagination import page
from app.errors import NotFound, Problem, StateConflict, ValidationFailed
from app.models.agencies import Agency
from app.models.reorganisations import Reorganisation
from app.policy import Principal
from app.services.audit.action import Action
from app.services.audit.changes import to_json
from app.services.audit.ledger import open_ledger, record_event
from app.services.lookup import within_horizon
from app.services.reference import agency_tree
from app.services.reorganisations import application, effects
from app.services.reorganisations.resolution import Resolution, resolve
from app.services.reorganisations.rules import Change, Unit
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AgencyKind, AuditAction, ReorganisationState, SystemActor

logger = logging.getLogger("tiendo")

OTHER_CHANGES = Bilingual(
    "Văn bản {number} với ngày hiệu lực {effective_on} đã được nhập với nội dung khác.",
    "Document {number} was entered before with other changes on {effective_on}.",
)
SYSTEM = Principal(SystemActor.SYSTEM, None, frozenset(), None, "", "", "")
"""The principal of reorganisations that are applied on their day; it reaches the whole tree."""


async def preview(
    session: AsyncSession, principal: Principal, values: Mapping[str, Any]
) -> dict[str, Any]:
    """What a reorganisation would do now; nothing is stored.

    Raises:
        ValidationFailed: see `resolve`.
    """
    changes = _changes_of(values["changes"])
    resolution = await resolve(session, principal, values["effective_on"], changes)
    return _unsaved(values) | {"effects": await _describe(session, resolution)}


async def enter(
    session: AsyncSession, action: Action, values: Mapping[str, Any]
) -> tuple[dict[str, Any], bool]:
    """Enter a reorganisation, and apply it if its day has come; and whether it is new.

    The same document, day and changes once more change nothing.

    Raises:
        ValidationFailed: see `resolve`.
        StateConflict: the document was entered with other changes on that day.
    """
    # 1. Serialise changes of the tree. An earlier entry is found before its codes are read again,
    #    because they change their meaning when it is applied.
    await agency_tree.lock(session)
    changes = to_json({"changes": values["changes"]})["changes"]
    if earlier := await _find_earlier(session, action.principal, values):
        if earlier.changes != changes:
            raise StateConflict(
                OTHER_CHANGES, number=earlier.number, effective_on=earlier.effective_on
            )
        return await get(session, action.principal, earlier.id), False
    # 2. Check it, and store it.
    day = values["effective_on"]
    resolution = await resolve(session, action.principal, day, _changes_of(changes))
    entry = Reorganisation(
        effective_on=day,
        **values["document"],
        changes=changes,
        area_id=resolution.area and resolution.area.id,
        entered_at=action.now,
        entered_by=action.actor,
    )
    session.add(entry)
    await session.flush()
    await _record_entry(session, action, entry)
    # 3. Apply it if its day has come.
    if day <= action.today:
        await application.apply(session, action, entry, resolution)
    return await get(session, action.principal, entry.id), True


async def apply_due(database: Database, now: datetime) -> int:
    """Apply the reorganisations whose day has come, each in its own transaction; how many.

    One that cannot be applied, because the tree has changed since it was entered, is logged and
    tried again at the next call; those of later days wait for it.
    """
    action = Action(SYSTEM, now)
    count = 0
    async with database.reading() as session:
        due = await session.scalars(
            select(Reorganisation.id)
            .where(Reorganisation.applied_at.is_(None), Reorganisation.effective_on <= action.today)
            .order_by(Reorganisation.effective_on, Reorganisation.id)
        )
        ids = list(due)
    for entry_id in ids:
        try:
            async with database.transaction() as session:
                count += await _apply_entry(session, action, entry_id)
        except Problem as error:
            logger.exception(
                "reorganisation %s cannot be applied: %s", entry_id, error.document("en")
            )
            break
    return count


async def _apply_entry(session: AsyncSession, action: Action, entry_id: int) -> bool:
    """Apply an entry unless another process has done so meanwhile; whether this one did."""
    await agency_tree.lock(session)
    entry = await session.get_one(Reorganisation, entry_id)
    if entry.applied_at is not None:
        return False
    changes = _changes_of(entry.changes)
    resolution = await resolve(session, action.principal, entry.effective_on, changes)
    await application.apply(session, action, entry, resolution)
    return True


async def list_page(
    session: AsyncSession, principal: Principal, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the reorganisations within the horizon, the latest day first."""
    order = [Reorganisation.effective_on, Reorganisation.id]
    rows, next_cursor = await page(
        session, _select_known(principal), order, limit=limit, cursor=cursor, descending=True
    )
    return [_document_of(row[0]) for row in rows], next_cursor


async def get(session: AsyncSession, principal: Principal, entry_id: int) -> dict[str, Any]:
    """A reorganisation with its effects; of a pending one, what it would do now.

    The effects are None where the agencies have changed so that it cannot be applied any more.

    Raises:
        NotFound: there is none within the horizon.
    """
    query = _select_known(principal).where(Reorganisation.id == entry_id)
    entry = await session.scalar(query)
    if entry is None:
        raise NotFound(terms.REORGANISATION, id=entry_id)
    described = entry.effects
    if described is None:
        changes = _changes_of(entry.changes)
        with suppress(ValidationFailed):
            resolution = await resolve(session, SYSTEM, entry.effective_on, changes)
            described = await _describe(session, resolution)
    return _document_of(entry) | {"effects": described}


def _select_known(principal: Principal) -> Select[Reorganisation]:
    """The reorganisations whose area is within the horizon."""
    return (
        select(Reorganisation)
        .outerjoin(Agency, Agency.id == Reorganisation.area_id)
        .where(within_horizon(principal, func.coalesce(Agency.path, "")))
    )


async def _find_earlier(
    session: AsyncSession, principal: Principal, values: Mapping[str, Any]
) -> Reorganisation | None:
    """The entry of the same document for the same day, within the horizon."""
    return await session.scalar(
        _select_known(principal).where(
            Reorganisation.number == values["document"]["number"],
            Reorganisation.effective_on == values["effective_on"],
        )
    )


async def _describe(session: AsyncSession, resolution: Resolution) -> dict[str, Any]:
    return await effects.describe(
        session, resolution, await effects.list_plans(session, resolution)
    )


async def _record_entry(session: AsyncSession, action: Action, entry: Reorganisation) -> None:
    await open_ledger(session, None, action.now)
    await record_event(
        session,
        action,
        AuditAction.REORGANISATION_ENTERED,
        f"reorganisations/{entry.id}",
        agency_id=entry.area_id,
        after={
            "number": entry.number,
            "effective_on": str(entry.effective_on),
            "changes": entry.changes,
        },
    )


def _changes_of(entered: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The changes of an entry; see `Reorganisation.changes`."""
    return [
        Change(
            sources=tuple(change["from"]),
            units=tuple(_unit_of(unit) for unit in change["to"]),
            whole=change["whole"],
            taken_over_by=change["taken_over_by"],
        )
        for change in entered
    ]


def _unit_of(unit: Mapping[str, Any]) -> Unit:
    kind = unit["kind"] and AgencyKind(unit["kind"])
    return Unit(unit["code"], unit["name"], kind, unit["parent"])


def _unsaved(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a reorganisation that is only previewed."""
    nothing_yet = dict.fromkeys(("id", "entered_at", "entered_by", "applied_at"))
    return {**values, **nothing_yet, "state": ReorganisationState.PENDING, "version": 0}


def _document_of(entry: Reorganisation) -> dict[str, Any]:
    """The fields of a reorganisation, without its effects."""
    names = ("id", "effective_on", "changes", "entered_at", "entered_by", "applied_at", "version")
    fields = {name: getattr(entry, name) for name in names}
    document = ("number", "issued_on", "issuer", "subject")
    fields["document"] = {name: getattr(entry, name) for name in document}
    is_applied = entry.applied_at is not None
    fields["state"] = ReorganisationState.APPLIED if is_applied else ReorganisationState.PENDING
    return fields
