"""Base models and field types that the schemas share."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

from app.clock import LOCAL
from app.text.names import invisible_in, is_readable
from app.vocabulary import LARGEST_VND

_SPACE_FOR_PLUS = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}[0-9:.]*) ([0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Code points that Unicode reserves forever. XML, and so XLSX, cannot contain some of them.
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_FORBIDDEN_IN_LINE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_NONCHARACTERS}]")
CODE_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z._-]*$"
_FORBIDDEN_IN_TEXT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_NONCHARACTERS}]")
MAX_TYPED_LENGTH = 100
"""Characters of a figure that was typed as text."""
LARGEST_TYPED = 10**18
"""Larger numbers are refused as they are anywhere in a body."""


def examples(*values: dict[str, Any]) -> ConfigDict:
    """A model configuration with examples for OpenAPI."""
    return ConfigDict(json_schema_extra={"examples": list(values)})


@dataclass(frozen=True)
class SchemaOf:
    """Gives a field the JSON schema of a type, while its value stays as it was stored."""

    model: type[BaseModel | StrEnum]

    def __get_pydantic_core_schema__(
        self, _: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """The type where JSON is validated, which is never; any value from Python."""
        return core_schema.json_or_python_schema(
            json_schema=handler.generate_schema(self.model),
            python_schema=core_schema.any_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value),
        )


class Input(BaseModel):
    """Base of request bodies. Unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """Base of response bodies."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_serialization_defaults_required=True
    )


Item = TypeVar("Item")


class Page(Output, Generic[Item]):
    """A page of a list. `next_cursor` is the cursor of the next page; null on the last page."""

    items: list[Item] = Field(description="The items of the page.")
    next_cursor: str | None = Field(
        description="The cursor of the next page; null on the last one."
    )


def require_number(value: Any) -> Any:
    """Accept only a JSON number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number_type", "Expected a number")
    return value


def _as_typed(value: Any) -> Decimal | str:
    """Accept any number and any text within the limits of their length; change neither."""
    if not isinstance(value, str):
        number = Decimal(str(require_number(value)))
        if abs(number) > LARGEST_TYPED:
            raise PydanticCustomError("int_parsing_size", "Expected a smaller number")
        return number
    if len(value) > MAX_TYPED_LENGTH:
        facts = {"max_length": MAX_TYPED_LENGTH}
        raise PydanticCustomError("string_too_long", "Expected a shorter text", facts)
    return value


def _require_integer(value: Any) -> Any:
    """Take 12.0 for 12, as JSON Schema does: an integer is a number without a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _require_iso_date(value: Any) -> Any:
    """Accept only YYYY-MM-DD: Pydantic also accepts timestamps and truncates instants."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("date_type", "Expected a date as YYYY-MM-DD")


def _require_iso_instant(value: Any) -> Any:
    """Accept only ISO 8601: Pydantic also accepts timestamps."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise PydanticCustomError("datetime_type", "Expected an ISO 8601 instant with a UTC offset")


def _restore_plus(value: Any) -> Any:
    """Replace the space before a UTC offset by `+`.

    An unescaped `+` in a query string is decoded as a space.
    """
    if isinstance(value, str) and (match := _SPACE_FOR_PLUS.fullmatch(value)):
        return f"{match[1]}+{match[2]}"
    return value


def _require_inner_year(value: datetime) -> datetime:
    """Reject the first and last year of the calendar, where time zone conversion can overflow."""
    if 1 < value.year < MAXYEAR:
        return value
    raise PydanticCustomError("datetime_parsing", "Expected a date that exists")


def one_line(value: str) -> str:
    """Reject characters that would end a line in a mail header, calendar or table."""
    if _FORBIDDEN_IN_LINE.search(value):
        raise PydanticCustomError("not_one_line", "Expected one line without control characters")
    return value


def readable_name(value: str) -> str:
    """Normalise to NFC; reject invisible characters, and names without letters and digits.

    Two names that look alike could otherwise belong to different people.
    """
    name = unicodedata.normalize("NFC", value)
    if (character := invisible_in(name)) is not None:
        raise PydanticCustomError(
            "invisible_character", "Invisible character {character}", {"character": character}
        )
    if not is_readable(name):
        raise PydanticCustomError("unreadable_name", "Expected a name with letters or digits")
    return name


def paragraphs(value: str) -> str:
    """Normalise line ends to LF; reject characters that XLSX cannot contain."""
    text = value.replace("\r\n", "\n")
    if _FORBIDDEN_IN_TEXT.search(text):
        raise PydanticCustomError("control_character", "Expected text without control characters")
    return text


def plain_number(value: Decimal) -> int | float:
    """A JSON number; integral values as int. Two decimals below 10^13 survive as a double."""
    return int(value) if value == value.to_integral_value() else float(value)


def _plain_or_text(value: Decimal | str) -> int | float | str:
    return value if isinstance(value, str) else plain_number(value)


# A validator stands after the constraints of its type: Pydantic writes constraints that follow a
# validator into the JSON schema by its own names, such as `ge`, which clients do not know.
Whole = BeforeValidator(_require_integer)
"""Marks a strict integer of a body that may also be written as 12.0."""
Number = Annotated[
    Decimal,
    BeforeValidator(require_number),
    PlainSerializer(plain_number, return_type=int | float, when_used="json"),
    WithJsonSchema({"type": "number"}),
]
Figure = Annotated[
    Decimal,
    Field(ge=0, max_digits=15, decimal_places=2),
    BeforeValidator(require_number),
    PlainSerializer(plain_number, return_type=int | float, when_used="json"),
    # Not `multipleOf: 0.01`: validators that divide doubles refuse 4.35.
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": 10**13}),
]
"""A reported figure: not negative, at most 13 digits before the decimal point and 2 after."""
Amount = Annotated[int, Field(strict=True, ge=0, le=LARGEST_VND), Whole]
"""An amount of money in VND."""
AsTyped = Annotated[
    int | Decimal | str,
    PlainValidator(_as_typed),
    PlainSerializer(_plain_or_text, return_type=int | float | str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": -LARGEST_TYPED, "maximum": LARGEST_TYPED},
                {"type": "string", "maxLength": MAX_TYPED_LENGTH},
            ]
        }
    ),
]
"""A figure or an amount as it was typed: a number, or text that could not be read as one."""
Count = Annotated[int, Field(strict=True, ge=0), Whole]
Version = Annotated[
    int, Field(description="The version of the resource: send it in quotes as `If-Match`.")
]
IsoDate = BeforeValidator(_require_iso_date)
Day = Annotated[date, IsoDate]
InstantIn = Annotated[
    AwareDatetime, BeforeValidator(_require_iso_instant), AfterValidator(_require_inner_year)
]
QueryInstant = Annotated[InstantIn, BeforeValidator(_restore_plus)]
"""An instant as a query parameter."""
Instant = Annotated[datetime, AfterValidator(lambda instant: instant.astimezone(LOCAL))]
"""An instant in a response, with the local UTC offset."""
Flag = Annotated[bool, Field(strict=True)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
NewCode = Annotated[str, StringConstraints(pattern=CODE_PATTERN, max_length=35)]
"""The code of a new resource, which needs no escaping in URLs."""
Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
    AfterValidator(one_line),
]
"""A text of one line, such as a note."""
Name = Annotated[Line, AfterValidator(readable_name)]
"""A name that people recognise by reading it."""
Prose = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(paragraphs)]
"""A text of several paragraphs."""
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True),
    AfterValidator(paragraphs),
]
