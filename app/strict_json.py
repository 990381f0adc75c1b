"""JSON as it comes from clients: what the standard leaves open is refused, never guessed."""

import json
import math
import unicodedata
from collections.abc import Iterator
from typing import Any

from app.errors import Bilingual, FieldError, MalformedJson, Problem, ValidationFailed

LARGEST_INTEGER = 2**63 - 1
DEEPEST = 32

DUPLICATE_KEY = Bilingual(
    "Trường này xuất hiện nhiều lần; chỉ gửi một lần.",
    "This field occurs more than once; send it once.",
)
NOT_TEXT = Bilingual(
    "Chuỗi chứa ký tự không hợp lệ (NUL hoặc nửa cặp surrogate).",
    "The text holds a character that cannot be stored (NUL or an unpaired surrogate).",
)
NOT_FINITE = Bilingual(
    "Cần một số hữu hạn; NaN và vô cực không hợp lệ.",
    "Expected a finite number; NaN and infinity are refused.",
)
TOO_LARGE = Bilingual("Số quá lớn.", "The number is too large.")
TOO_DEEP = Bilingual("Cấu trúc lồng quá sâu.", "The structure is nested too deeply.")


class _Duplicates(dict[str, Any]):
    """An object in which keys occurred more than once; `names` are those."""

    names: list[str]


def parse(body: bytes) -> Any:
    """The value of a JSON document, its texts in NFC.

    Raises:
        MalformedJson: it is not JSON in UTF-8.
        ValidationFailed: it has duplicate keys, numbers that are not finite or too large, texts
            that cannot be stored, or too many levels; with the pointer of each.
    """
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise MalformedJson(position=error.start) from None
    except json.JSONDecodeError as error:
        raise MalformedJson(position=error.pos) from None
    except RecursionError:
        raise _refusal([FieldError("", "too_deep", TOO_DEEP)]) from None
    except ValueError:  # an integer of more digits than Python converts
        raise _refusal([FieldError("", "number_too_large", TOO_LARGE)]) from None
    if found := list(_faults(value, "", 0)):
        raise _refusal(found)
    return _normal(value)


def _refusal(found: list[FieldError]) -> Problem:
    return ValidationFailed(found)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    marked = _Duplicates(value)
    marked.names = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]  # add() is the "not seen" branch
    return marked


def _faults(value: Any, pointer: str, depth: int) -> Iterator[FieldError]:
    if depth > DEEPEST:
        yield FieldError(pointer, "too_deep", TOO_DEEP)
        return
    match value:
        case dict():
            yield from _object_faults(value, pointer, depth)
        case list():
            for position, item in enumerate(value):
                yield from _faults(item, f"{pointer}/{position}", depth + 1)
        case str() if not storable(value):
            yield FieldError(pointer, "text_not_storable", NOT_TEXT)
        case float() if not math.isfinite(value):
            yield FieldError(pointer, "number_not_finite", NOT_FINITE)
        case int() if abs(value) > LARGEST_INTEGER:
            yield FieldError(pointer, "number_too_large", TOO_LARGE)


def _object_faults(value: dict[str, Any], pointer: str, depth: int) -> Iterator[FieldError]:
    if isinstance(value, _Duplicates):
        for name in value.names:
            yield FieldError(f"{pointer}/{step(name)}", "duplicate_key", DUPLICATE_KEY)
    for key, item in value.items():
        if storable(key):
            yield from _faults(item, f"{pointer}/{step(key)}", depth + 1)
        else:
            yield FieldError(pointer, "text_not_storable", NOT_TEXT)


def storable(text: str) -> bool:
    """Whether PostgreSQL takes the text and UTF-8 can carry it."""
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def step(name: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return printable(name).replace("~", "~0").replace("/", "~1")


def printable(text: str) -> str:
    """A text that any answer can carry: what cannot be encoded is replaced."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")


def _normal(value: Any) -> Any:
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case list():
            return [_normal(item) for item in value]
        case dict():
            return {unicodedata.normalize("NFC", key): _normal(item) for key, item in value.items()}
    return value
