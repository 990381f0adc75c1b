"""The form of a report as a workbook: written, and read into the draft."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.db.driver import Connection
from app.errors import FieldError, ValidationFailed
from app.services.audit.action import Action
from app.services.audit.changes import VersionCheck
from app.services.periods.obligations import ReportKey
from app.services.reports import drafting, form, working_copy
from app.services.reports.patching import EMPTY
from app.services.reports.sheets import archive, reading, template
from app.services.reports.sheets.reading import Reading
from app.text.writing import Language


@dataclass(frozen=True)
class ImportResult:
    """What was read from a workbook; `version`: of the report after it was saved, if it was."""

    reading: Reading
    version: int | None


async def write_template(connection: Connection, action: Action, key: ReportKey) -> bytes:
    """The form for an agency and a period, with what its draft already contains.

    Raises:
        NotFound: no such obligation within reach.
        AmbiguousPlan: several plans have one, and none was named.
    """
    asked = await form.get(connection, action.principal, key)
    copy = await working_copy.get(connection, action, key)
    return await asyncio.to_thread(template.write, asked, copy.draft or EMPTY)


async def import_workbook(
    connection: Connection,
    action: Action,
    key: ReportKey,
    content: bytes,
    *,
    is_preview: bool,
    check_version: VersionCheck,
    language: Language,
) -> ImportResult:
    """Read a filled form into the draft; a preview saves nothing and tells all problems.

    Cells that are blank change nothing.

    Raises:
        ValidationFailed: the file is refused, or, unless it is a preview, a cell has an error.
        And as `drafting.change`.
    """
    asked = await form.get(connection, action.principal, key)
    books = await asyncio.to_thread(archive.open_workbook, content)
    result = await asyncio.to_thread(reading.read, books, asked)
    if is_preview:
        return ImportResult(result, None)
    if errors := _errors(result.problems):
        raise ValidationFailed(errors)
    answer = await drafting.change(
        connection, action, key, result.patch, check_version=check_version, language=language
    )
    return ImportResult(result, answer.version)


def _errors(problems: Sequence[FieldError]) -> list[FieldError]:
    return [problem for problem in problems if problem.level == "error"]
