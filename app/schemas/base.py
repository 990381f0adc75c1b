"""What every shape on the wire has in common."""

import re
from datetime import MAXYEAR, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from app.clock import LOCAL

_BLANK_FOR_PLUS = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}[0-9:.]*) ([0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Unicode will never give these to a letter; XML, and so a workbook, cannot hold some of them.
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_NOT_IN_A_LINE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_NONCHARACTERS}]")
_NOT_IN_A_TEXT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_NONCHARACTERS}]")
CODE_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z._-]*$"
LARGEST_VND = 10**15
"""A thousand times the programme's whole money: beyond it is a typing error."""


def examples(*values: dict[str, Any]) -> ConfigDict:
    """The part of a shape's configuration that shows what it looks like in OpenAPI."""
    return ConfigDict(json_schema_extra={"examples": list(values)})


class Input(BaseModel):
    """What a client sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_serialization_defaults_required=True
    )


Item = TypeVar("Item")


class Page(Output, Generic[Item]):
    """A page of a list. `next_cursor` asks for the next one; null is the end."""

    items: list[Item]
    next_cursor: str | None


def _a_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number_type", "Expected a number")
    return value


def _a_day(value: Any) -> Any:
    """Only YYYY-MM-DD: never a number of seconds, never an instant cut short."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("date_type", "Expected a date as YYYY-MM-DD")


def _an_instant(value: Any) -> Any:
    """Only ISO 8601: never a number of seconds."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise PydanticCustomError("datetime_type", "Expected an ISO 8601 instant with its offset")


def _with_its_plus(value: Any) -> Any:
    """A `+` that stands bare in an address arrives as a blank; before an offset it can be no other.

    Whoever forgets to write it %2B means the instant all the same.
    """
    if isinstance(value, str) and (found := _BLANK_FOR_PLUS.fullmatch(value)):
        return f"{found[1]}+{found[2]}"
    return value


def _of_some_year(value: datetime) -> datetime:
    """Not at an end of the calendar, where another zone's time would fall off it."""
    if 1 < value.year < MAXYEAR:
        return value
    raise PydanticCustomError("datetime_parsing", "Expected a date that exists")


def one_line(value: str) -> str:
    """Nothing that ends the line, or a header, where it is shown: in calendars, mails, tables."""
    if _NOT_IN_A_LINE.search(value):
        raise PydanticCustomError("not_one_line", "Expected one line without control characters")
    return value


def paragraphs(value: str) -> str:
    """Lines that end as they do on every system, and nothing that a table cannot hold."""
    text = value.replace("\r\n", "\n")
    if _NOT_IN_A_TEXT.search(text):
        raise PydanticCustomError("control_character", "Expected a text without control characters")
    return text


def _plain_number(value: Decimal) -> int | float:
    """A JSON number: whole where it is whole. Two decimals below 10^13 are exact as a double."""
    return int(value) if value == value.to_integral_value() else float(value)


Number = Annotated[
    Decimal,
    BeforeValidator(_a_number),
    PlainSerializer(_plain_number, return_type=int | float, when_used="json"),
]
Figure = Annotated[Number, Field(ge=0, max_digits=15, decimal_places=2)]
"""A counted figure: not negative, at most 13 digits before the point and 2 behind."""
Amount = Annotated[int, Field(strict=True, ge=0, le=LARGEST_VND)]
"""Money: an integer of VND."""
Count = Annotated[int, Field(strict=True, ge=0)]
Day = Annotated[date, BeforeValidator(_a_day)]
InstantIn = Annotated[AwareDatetime, BeforeValidator(_an_instant), AfterValidator(_of_some_year)]
AskedInstant = Annotated[InstantIn, BeforeValidator(_with_its_plus)]
"""An instant as a parameter of the query."""
Instant = Annotated[datetime, AfterValidator(lambda instant: instant.astimezone(LOCAL))]
"""An instant as clients get it: with the local offset."""
Flag = Annotated[bool, Field(strict=True)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
NewCode = Annotated[str, StringConstraints(pattern=CODE_PATTERN, max_length=35)]
"""A code as it is given to something new: it can stand in an address as it is."""
Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
    AfterValidator(one_line),
]
"""A name or another text of one line."""
Prose = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(paragraphs)]
"""A text of paragraphs."""
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True),
    AfterValidator(paragraphs),
]
