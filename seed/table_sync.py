"""Insert or update the rows of one table, matched by a natural key."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.base import Base

Row = TypeVar("Row", bound=Base)
Key = tuple[Any, ...]
Name = TypeVar("Name", str, int)


class TableSync(Generic[Row]):
    """Inserts or updates rows within a scope, and counts the changes.

    Never deletes: `missing_from_files` names the rows that were not upserted.
    """

    def __init__(
        self, session: AsyncSession, model: type[Row], key: Sequence[str], rows: Sequence[Row]
    ) -> None:
        self._session = session
        self._model = model
        self._key = key
        self._rows = {self._key_from(row.__dict__): row for row in rows}
        self._upserted: set[Key] = set()
        self.added = 0
        self.changed = 0

    @classmethod
    async def of(
        cls,
        session: AsyncSession,
        model: type[Row],
        scope: ColumnElement[bool],
        key: Sequence[str],
    ) -> Self:
        """Load the rows of the scope from the database."""
        rows = (await session.scalars(select(model).where(scope))).all()
        return cls(session, model, key, rows)

    def upsert(self, values: Mapping[str, Any]) -> Row:
        """Insert or update the row with the key in these values."""
        key = self._key_from(values)
        self._upserted.add(key)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._model(**values)
            self._session.add(row)
            self.added += 1
        elif assign(row, values):
            self.changed += 1
        return row

    @property
    def total(self) -> int:
        """The number of upserted rows."""
        return len(self._upserted)

    def missing_from_files(self, name: Callable[[Row], Name]) -> list[Name]:
        """The sorted names of the rows that were not upserted."""
        return sorted({name(row) for key, row in self._rows.items() if key not in self._upserted})

    def _key_from(self, values: Mapping[str, Any]) -> Key:
        return tuple(values[name] for name in self._key)


def assign(row: Base, values: Mapping[str, Any]) -> bool:
    """Set the attributes that differ; return whether any did."""
    changes = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changes.items():
        setattr(row, name, value)
    return bool(changes)
