"""Expected errors as messages for the operator."""

from typing import TYPE_CHECKING

from app.errors import OperatorError, Problem
from app.text.bilingual import Bilingual
from app.text.writing import Language

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

# Imported when an error is explained: `tiendo --help` needs none of it.
# ruff: noqa: PLC0415

DISK_FULL = Bilingual("ổ đĩa đã đầy: {reason!s}", "the disk is full: {reason!s}")
CANNOT_MIGRATE = Bilingual(
    "không nâng được cơ sở dữ liệu lên cấu trúc của phiên bản này: {reason!s}",
    "the database cannot be migrated to this version's schema: {reason!s}",
)
DATABASE_ERROR = Bilingual(
    "cơ sở dữ liệu báo lỗi: {reason!s}", "the database reports an error: {reason!s}"
)


def explain(error: Exception, language: Language) -> str | None:
    """The message for an expected error; None for a programming error."""
    from pydantic import ValidationError

    match error:
        case OperatorError():
            return error.text.text_in(language)
        case Problem():
            document = error.document(language)
            faults = [fault["message"] for fault in document.get("errors", [])]
            return "\n".join([document["detail"], *faults])
        case ValidationError():
            return _explain_values(error, language)
    return _explain_database(error, language)


def _explain_database(error: Exception, language: Language) -> str | None:
    from alembic.util import CommandError
    from sqlalchemy.exc import DBAPIError

    from app.db.failures import Failure, cause_of, failure_of, reason_of

    if failure_of(error) is Failure.FULL:
        return DISK_FULL.fill(language, {"reason": reason_of(error)})
    match error:
        case CommandError():
            return CANNOT_MIGRATE.fill(language, {"reason": error})
        case DBAPIError():
            return DATABASE_ERROR.fill(language, {"reason": cause_of(error)})
    return None


def _explain_values(error: "ValidationError", language: Language) -> str:
    """One line per invalid setting or option, without its value, which may be a secret."""
    lines = []
    for fault in error.errors():
        message = _message(fault, language)
        name = ".".join(map(str, fault["loc"]))
        if name:
            setting = f"TIENDO_{name}".upper() if error.title == "Settings" else name
            message = f"{setting}: {message}"
        lines.append(message)
    return "\n".join(lines)


def _message(fault: "ErrorDetails", language: Language) -> str:
    from app.settings import SettingError
    from app.text.validation_messages import MESSAGES, PATTERN_EXAMPLES

    facts = dict(fault.get("ctx", {}))
    if "pattern" in facts:
        facts["example"] = PATTERN_EXAMPLES[facts["pattern"]]
    reason = facts.get("error")
    if isinstance(reason, SettingError):
        return reason.text.text_in(language)
    if fault["type"] in MESSAGES:
        return MESSAGES[fault["type"]].fill(language, facts)
    return fault["msg"].removeprefix("Value error, ")
