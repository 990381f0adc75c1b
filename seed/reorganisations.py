"""A reorganisation's file."""

from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import StateConflict, ValidationFailed
from app.schemas.reorganisations import ReorganisationIn
from app.services.audit.action import Action
from app.services.reorganisations import reorganisations
from seed.files import Document
from seed.findings import Finding, SeedError
from seed.plans import PRINCIPAL, Echo
from seed.rows import Row

FILE = "reorganisation.yaml"


class ReorganisationRow(ReorganisationIn, Row):
    """The file has the shape of the API's body."""


async def load(session: AsyncSession, folder: Path, *, now: datetime, echo: Echo) -> None:
    """Enter the reorganisation in a folder; it is applied if its day has come.

    Loading it again changes nothing.

    Raises:
        SeedError: the file has errors, or its changes do not fit the agencies.
    """
    document = Document(folder, FILE, ReorganisationRow)
    if document.row is None:
        raise SeedError(document.source.findings)
    values = document.row.model_dump(by_alias=True)
    try:
        entry, is_new = await reorganisations.enter(session, Action(PRINCIPAL, now), values)
    except ValidationFailed as error:
        raise SeedError(_findings(document, error)) from error
    except StateConflict as error:
        text = error.document("vi")["detail"]
        raise SeedError([document.source.finding(("document", "number"), text)]) from error
    state = STATES[entry["state"]] if is_new else "đã nhập trước đây, không đổi gì"
    echo(f"Sắp xếp đơn vị hành chính từ {entry['effective_on']:%d/%m/%Y}: {state}")
    if is_new and (effects := entry["effects"]):
        ended, created = len(effects["ended"]), len(effects["created"])
        moved = len(effects["obligations"])
        echo(f"Đơn vị kết thúc: {ended}; đơn vị mới: {created}; báo cáo chuyển sang: {moved}")


STATES = {"pending": "đã nhập, chờ đến ngày áp dụng", "applied": "đã áp dụng"}


def _findings(document: Document[ReorganisationRow], error: ValidationFailed) -> list[Finding]:
    """The errors of the service at the lines of the file."""
    return [
        document.source.finding(
            tuple(int(step) if step.isdigit() else step for step in field.pointer[1:].split("/")),
            field.document("vi")["message"],
        )
        for field in error.errors
    ]
