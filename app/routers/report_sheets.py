"""The form of a report as an Excel workbook: downloaded, and imported into the draft."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Response

from app.errors import AmbiguousPlan, NotFound, Stale, StateConflict
from app.http.headers import etag
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    AddressedReport,
    AnswerLanguage,
    DirectDriver,
    Now,
    ReportsAction,
    ReportsReader,
    UnchangedIfGiven,
)
from app.routers.responses import problems, references
from app.schemas.report_sheets import ImportOut
from app.services.audit.action import Action
from app.services.reports.refusals import EDITING
from app.services.reports.sheets import importing
from app.services.reports.sheets.importing import ImportResult
from app.text.sheets import XLSX
from app.text.writing import Language
from app.vocabulary import ReportStatus

router = APIRouter(prefix="/reports", tags=["reports"], route_class=StrictRoute)

AS_WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The workbook.",
        "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
        "headers": references("Content-Disposition"),
    }
}
NOT_EDITABLE = StateConflict(EDITING[ReportStatus.ACCEPTED])
"""The problem as the import answers it, for the document."""


@router.get(
    "/{period}/{agency}/template.xlsx",
    summary="Get the form as a workbook",
    response_class=Response,
    responses=problems(NotFound, AmbiguousPlan) | AS_WORKBOOK,
)
async def get_template(
    key: AddressedReport, principal: ReportsReader, driver: DirectDriver, now: Now
) -> Response:
    """Get an Excel workbook to fill in: a sheet for each component, the money, the words.

    It has the last period's figures and what the draft already contains.
    """
    content = await importing.write_template(driver, Action(principal, now), key)
    headers = {
        "Content-Disposition": f'attachment; filename="bao-cao-{key.period}-{key.agency}.xlsx"'
    }
    return Response(content, media_type=XLSX, headers=headers)


@router.post(
    "/{period}/{agency}/import.xlsx",
    summary="Import a filled workbook",
    responses=problems(NotFound, AmbiguousPlan, NOT_EDITABLE, Stale),
)
async def import_workbook(
    key: AddressedReport,
    file: Annotated[bytes, File(description="The workbook, as `template.xlsx` gives it.")],
    action: ReportsAction,
    driver: DirectDriver,
    unchanged: UnchangedIfGiven,
    language: AnswerLanguage,
    response: Response,
    preview: Annotated[
        bool, Query(description="Only tell what would be read, and all problems; save nothing.")
    ] = False,
) -> ImportOut:
    """Import the figures of a workbook into the draft; blank cells change nothing.

    Text is read as a number only if it has one meaning. A cell with an error refuses the whole
    import; each error names its `sheet` and `cell`.
    """
    result = await importing.import_workbook(
        driver,
        action,
        key,
        file,
        is_preview=preview,
        check_version=unchanged,
        language=language,
    )
    if result.version is not None:
        response.headers["ETag"] = etag(result.version)
    return _result(result, language)


def _result(result: ImportResult, language: Language) -> ImportOut:
    found = [problem.document(language) for problem in result.reading.problems]
    return ImportOut.model_validate(
        {
            "preview": result.version is None,
            "entries": len(result.reading.entries),
            "disbursements": len(result.reading.disbursements),
            "problems": [
                {name: each[name] for name in ("level", "sheet", "cell", "code", "message")}
                for each in found
            ],
            "errors": sum(each["level"] == "error" for each in found),
            "version": result.version,
        }
    )
