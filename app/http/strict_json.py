"""JSON as it comes from clients: what the standard leaves open is refused, never guessed."""

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
MAX_ERRORS = 20
"""As many are told at once: whoever mends those asks again, and no answer outgrows its request."""
MAX_POINTER_LENGTH = 200
MAX_COMBINING_MARKS = 30
"""On one letter, as in Unicode's Stream-Safe Text Format: to order n marks takes n² steps."""

DUPLICATE_KEY = Bilingual(
    "Trường này xuất hiện nhiều lần; chỉ gửi một lần.",
    "This field occurs more than once; send it once.",
)
NOT_STORABLE = Bilingual(
    "Chuỗi chứa ký tự không hợp lệ (NUL hoặc nửa cặp surrogate).",
    "The text holds a character that cannot be stored (NUL or an unpaired surrogate).",
)
NOT_FINITE = Bilingual(
    "Cần một số hữu hạn; NaN và vô cực không hợp lệ.",
    "Expected a finite number; NaN and infinity are refused.",
)
TOO_LARGE = Bilingual("Số quá lớn.", "The number is too large.")
TOO_MANY_MARKS = Bilingual(
    "Chuỗi có quá nhiều dấu chồng lên một chữ.",
    "The text heaps too many marks on one letter.",
)
TOO_DEEP = Bilingual("Cấu trúc lồng quá sâu.", "The structure is nested too deeply.")

Fault = tuple[str, Bilingual]
"""A code, and what was expected."""


class _Duplicates(dict[str, Any]):
    """An object in which keys occurred more than once; `names` are those."""

    names: list[str]


def parse(body: bytes) -> Any:
    """The value of a JSON document, its texts in NFC.

    Raises:
        MalformedJson: it is not JSON in UTF-8.
        ValidationFailed: it has duplicate keys, numbers that are not finite or too large, texts
            that cannot be stored, or too many levels; with the pointers of the first ones.
    """
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise MalformedJson(position=error.start) from None
    except json.JSONDecodeError as error:
        raise MalformedJson(position=error.pos) from None
    except RecursionError:
        raise ValidationFailed([FieldError("", "too_deep", TOO_DEEP)]) from None
    except ValueError:  # an integer of more digits than Python converts
        raise ValidationFailed([FieldError("", "number_too_large", TOO_LARGE)]) from None
    # Nobody has signed in yet: what is looked at, and what is kept of it, has to have an end.
    if found := list(islice(_faults(value, "", 0), MAX_ERRORS)):
        raise ValidationFailed(found)
    return _normalized(value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    duplicates = _Duplicates(value)
    duplicates.names = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]  # add() is the "not seen" branch
    return duplicates


def _faults(value: Any, pointer: str, depth: int) -> Iterator[FieldError]:
    """What is wrong with a value or below it, found as it is asked for."""
    if not isinstance(value, dict | list):
        if fault := _fault(value):
            yield FieldError(pointer, *fault)
    elif depth > MAX_DEPTH:
        yield FieldError(pointer, "too_deep", TOO_DEEP)
    else:
        if isinstance(value, dict):
            yield from _key_faults(value, pointer)
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            # Most items are plain values, and there may be a million of them.
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
    """More marks in a row than any script has."""
    letters = map(chr, range(0x20000))  # the planes behind hold ideographs only
    marks = (letter for letter in letters if unicodedata.combining(letter))
    return re.compile(f"[{''.join(marks)}]{{{MAX_COMBINING_MARKS + 1}}}")


def child_pointer(pointer: str, name: str) -> str:
    """The pointer to what stands there under a key or a position; a long one is cut."""
    if len(pointer) > MAX_POINTER_LENGTH:
        return pointer
    longer = f"{pointer}/{escape(name[:MAX_POINTER_LENGTH])}"
    return longer if len(longer) <= MAX_POINTER_LENGTH else f"{longer[:MAX_POINTER_LENGTH]}…"


def escape(name: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return printable(name).replace("~", "~0").replace("/", "~1")


def printable(text: str) -> str:
    """A text that any answer can carry: what cannot be encoded is replaced."""
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
