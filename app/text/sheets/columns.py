"""Columns of tables for people: the key in the data, the heading, the format of the values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from typing import Any

from app.clock import LOCAL
from app.text.bilingual import Bilingual
from app.text.writing import Language

Terms = Mapping[Any, Bilingual]
"""The words for the values of an enumeration."""
CellValue = str | int | float | date | datetime | None

DEFAULT_WIDTH = 14
"""The width of a column in characters."""


class Format(Enum):
    """How the values of a column are shown."""

    ORDINAL = auto()
    TEXT = auto()
    CODE = auto()
    COUNT = auto()
    FIGURE = auto()
    """A number with up to two decimals."""
    MONEY = auto()
    """An integer of VND."""
    RATE = auto()
    """A ratio, shown in percent."""
    DAY = auto()
    INSTANT = auto()
    """Shown in local time."""


@dataclass(frozen=True)
class Column:
    """A column.

    terms: the words for its values, or for the items of its lists. is_optional: it is left out
    where no row has a value.
    """

    key: str
    label: Bilingual
    format: Format = Format.TEXT
    width: int = DEFAULT_WIDTH
    terms: Terms | None = None
    is_optional: bool = False

    def value_of(self, row: Mapping[str, Any], language: Language) -> CellValue:
        """The value of this column in a row of JSON, as a cell holds it.

        Instants are local times without a zone, because spreadsheets know no zones.
        """
        value = row[self.key]
        if value is None:
            return None
        if isinstance(value, list):
            return "; ".join(self._word(item, language) for item in value)
        match self.format:
            case Format.DAY:
                return date.fromisoformat(value)
            case Format.INSTANT:
                return datetime.fromisoformat(value).astimezone(LOCAL).replace(tzinfo=None)
            case Format.TEXT | Format.CODE:
                return self._word(value, language)
        return value  # type: ignore[no-any-return]  # numbers, as JSON has them

    def _word(self, value: Any, language: Language) -> str:
        return capitalised(self.terms[value].text_in(language)) if self.terms else str(value)


def present(columns: Iterable[Column], rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns that the rows have: some exist only in breakdowns, some only with a value."""
    keys = rows[0] if rows else None
    return [
        column
        for column in columns
        if (keys is None or column.key in keys)
        and (not column.is_optional or any(row[column.key] is not None for row in rows))
    ]


def capitalised(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]
