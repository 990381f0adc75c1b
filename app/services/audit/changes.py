"""Field changes: applied to a row, compared, and recorded as an audit event."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.base import Base
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.vocabulary import AuditAction

VersionCheck = Callable[[int | None], None]
"""Compares the current version (None: no row yet) with the one that the client read.

Raises Stale where they differ, PreconditionRequired where the client has to name one and does not.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """Fields that differ, with their old and new values as JSON."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @classmethod
    def created(cls, values: Mapping[str, Any]) -> "Change":
        """The change that makes a row with these values."""
        return cls({}, to_json(values))

    @classmethod
    def deleted(cls, values: Mapping[str, Any]) -> "Change":
        """The change that deletes a row with these values."""
        return cls(to_json(values), {})

    def __bool__(self) -> bool:
        return bool(self.before or self.after)

    def __or__(self, other: "Change") -> "Change":
        return Change({**self.before, **other.before}, {**self.after, **other.after})

    def also(self, name: str, before: Any, after: Any) -> "Change":
        """The change with one more field, if its values differ."""
        if before == after:
            return self
        return Change(
            {**self.before, name: to_jsonable_python(before)},
            {**self.after, name: to_jsonable_python(after)},
        )


def apply(row: Base, values: Mapping[str, Any], *, hidden: Collection[str] = ()) -> Change:
    """Set the attributes of `row` that differ from `values`.

    `hidden` attributes, such as ids, are set but left out of the returned change.
    """
    old = {name: getattr(row, name) for name in values}
    new = {name: value for name, value in values.items() if value != old[name]}
    for name, value in new.items():
        setattr(row, name, value)
    public = new.keys() - set(hidden)
    return Change(
        to_json({name: old[name] for name in public}),
        to_json({name: new[name] for name in public}),
    )


async def record_change(
    session: AsyncSession,
    action: Action,
    name: AuditAction,
    subject: str,
    change: Change,
    *,
    plan_id: int | None = None,
    agency_id: int | None = None,
) -> datetime:
    """Record an audit event with the fields that a change touches; see `ledger.record_event`."""
    return await record_event(
        session,
        action,
        name,
        subject,
        plan_id=plan_id,
        agency_id=agency_id,
        before=change.before or None,
        after=change.after or None,
    )


def to_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as audit events keep them: plain JSON."""
    plain: dict[str, Any] = to_jsonable_python(dict(values))
    return plain
