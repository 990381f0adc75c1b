"""Applying what a client wants changed, and telling what that changed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_jsonable_python

from app.models.base import Base

VersionCheck = Callable[[int | None], None]
"""Sees that the client changes the version that it read (None: there is nothing yet).

Raises Stale where it read another one, PreconditionRequired where it has to say and does not.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """Fields that differ: what they were and what they are, as JSON."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def __bool__(self) -> bool:
        return bool(self.after)

    def also(self, name: str, before: Any, after: Any) -> "Change":
        """The change with one more field, if that differs."""
        if before == after:
            return self
        return Change(
            {**self.before, name: to_jsonable_python(before)},
            {**self.after, name: to_jsonable_python(after)},
        )


def apply(row: Base, wanted: Mapping[str, Any], *, hidden: Collection[str] = ()) -> Change:
    """Set the attributes of `row` that differ from `wanted`; the others stay untouched.

    What the wire does not know, as ids, is `hidden` from the change that is told.
    """
    old = {name: getattr(row, name) for name in wanted}
    new = {name: value for name, value in wanted.items() if value != old[name]}
    for name, value in new.items():
        setattr(row, name, value)
    shown = new.keys() - set(hidden)
    return Change(
        told({name: old[name] for name in shown}), told({name: new[name] for name in shown})
    )


def told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the record of changes keeps them: JSON."""
    plain: dict[str, Any] = to_jsonable_python(dict(values))
    return plain
