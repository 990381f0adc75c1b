"""A strict JSON parser: rejects what RFC 8259 leaves open, such as duplicate keys and NaN."""

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

from app.db.storable import storable
from app.errors import FieldError, MalformedJson, ValidationFailed
from app.text.bilingual import Bilingual

MAX_INTEGER = 2**63 - 1
MAX_DEPTH = 32
MAX_VALUES = 20_000
"""Strings, numbers, objects and lists in a document; the largest reports have some 2,000."""
MAX_ERRORS = 20
"""Report at most this many errors, so that a response cannot exceed its request."""
MAX_POINTER_LENGTH = 200
MAX_COMBINING_MARKS = 30
"""Per letter, as in Unicode's Stream-Safe Text Format: normalising n marks takes n² steps."""

DUPLICATE_KEY = Bilingual(
    "Mục này xuất hiện nhiều lần; chỉ được ghi một lần.",
    "This field occurs more than once.",
)
NOT_STORABLE = Bilingual(
    "Có ký tự không hợp lệ (NUL hoặc nửa cặp surrogate).",
    "The text contains an invalid character (NUL or an unpaired surrogate).",
)
NOT_FINITE = Bilingual(
    "Phải là số hữu hạn; NaN và vô cực không hợp lệ.",
    "Expected a finite number; NaN and infinity are not valid.",
)
TOO_LARGE = Bilingual("Số quá lớn.", "The number is too large.")
TOO_MANY_MARKS = Bilingual(
    "Có quá nhiều dấu chồng lên một chữ.",
    "The text has too many combining marks on one letter.",
)
TOO_MANY_VALUES = Bilingual(
    "Nội dung có quá nhiều giá trị; chỉ được tối đa {limit}.",
    "Too many values; at most {limit}.",
)
TOO_DEEP = Bilingual("Nội dung lồng quá nhiều cấp.", "The structure is nested too deeply.")

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A JSON string, or the rest of the document if it does not end."""

Fault = tuple[str, Bilingual]
"""A stable code, and the message."""


class _Duplicates(dict[str, Any]):
    """An object with duplicate keys, which are listed in `names`."""

    names: list[str]


def parse(body: bytes) -> Any:
    """Parse a JSON document; normalise its strings to NFC.

    Raises:
        MalformedJson: the body is not JSON in UTF-8.
        ValidationFailed: duplicate keys, numbers that are not finite or too large, strings that
            cannot be stored, too many levels or values; with the pointers of the first errors.
    """
    _ensure_few_values(body)
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise MalformedJson(position=error.start) from None
    except json.JSONDecodeError as error:
        raise MalformedJson(position=error.pos) from None
    except RecursionError:
        raise ValidationFailed([FieldError("", "too_deep", TOO_DEEP)]) from None
    except ValueError:  # an integer with more digits than Python converts
        raise ValidationFailed([FieldError("", "number_too_large", TOO_LARGE)]) from None
    # Generate the errors lazily: a document can have as many as it has values.
    if errors := list(islice(_faults(value, "", 0), MAX_ERRORS)):
        raise ValidationFailed(errors)
    return _normalized(value)


def _ensure_few_values(body: bytes) -> None:
    """Bound the work and the memory before parsing: a list costs 3 bytes and 3 µs.

    Raises:
        ValidationFailed: too many values.
    """
    is_over = _separators(body) > MAX_VALUES and _separators(_STRING.sub(b"", body)) > MAX_VALUES
    if is_over:
        facts = {"limit": MAX_VALUES}
        raise ValidationFailed([FieldError("", "too_many_values", TOO_MANY_VALUES, facts)])


def _separators(text: bytes) -> int:
    """The number of values less one; empty objects and lists count twice."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    duplicates = _Duplicates(value)
    duplicates.names = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]  # add() is the "not seen" branch
    return duplicates


def _faults(value: Any, pointer: str, depth: int) -> Iterator[FieldError]:
    """The errors in a value and below it, generated lazily."""
    if not isinstance(value, dict | list):
        if fault := _fault(value):
            yield FieldError(pointer, *fault)
    elif depth > MAX_DEPTH:
        yield FieldError(pointer, "too_deep", TOO_DEEP)
    else:
        if isinstance(value, dict):
            yield from _key_faults(value, pointer)
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            # Skip valid scalars here: a body can have a million of them, and recursion is slow.
            if isinstance(item, dict | list) or _fault(item):
                yield from _faults(item, child_pointer(pointer, str(key)), depth + 1)


def _key_faults(value: dict[str, Any], pointer: str) -> Iterator[FieldError]:
    if isinstance(value, _Duplicates):
        for name in value.names:
            yield FieldError(child_pointer(pointer, name), "duplicate_key", DUPLICATE_KEY)
    for key in value:
        if fault := _text_fault(key):
            yield FieldError(pointer, *fault)


def _fault(value: Any) -> Fault | None:
    match value:
        case str():
            return _text_fault(value)
        case float() if not math.isfinite(value):
            return "number_not_finite", NOT_FINITE
        case int() if abs(value) > MAX_INTEGER:
            return "number_too_large", TOO_LARGE
    return None


def _text_fault(text: str) -> Fault | None:
    if text.isascii() and "\x00" not in text:
        return None
    if not storable(text):
        return "text_not_storable", NOT_STORABLE
    if _too_many_marks().search(text):
        return "too_many_marks", TOO_MANY_MARKS
    return None


@cache
def _too_many_marks() -> re.Pattern[str]:
    """A pattern for more combining marks in a row than any script uses."""
    characters = map(chr, range(0x20000))  # the planes above have no combining marks
    marks = (character for character in characters if unicodedata.combining(character))
    return re.compile(f"[{''.join(marks)}]{{{MAX_COMBINING_MARKS + 1}}}")


def child_pointer(pointer: str, name: str) -> str:
    """The pointer to the value under a key or an index, cut to the maximum length."""
    if len(pointer) > MAX_POINTER_LENGTH:
        return pointer
    longer = f"{pointer}/{escape(name[:MAX_POINTER_LENGTH])}"
    return longer if len(longer) <= MAX_POINTER_LENGTH else f"{longer[:MAX_POINTER_LENGTH]}…"


def escape(name: str) -> str:
    """A key as a reference token of a JSON pointer (RFC 6901)."""
    return printable(name).replace("~", "~0").replace("/", "~1")


def printable(text: str) -> str:
    """The text with characters replaced that a response cannot contain: surrogates and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")


def _normalized(value: Any) -> Any:
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case list():
            return [_normalized(item) for item in value]
        case dict():
            return {
                unicodedata.normalize("NFC", key): _normalized(item) for key, item in value.items()
            }
    return value
