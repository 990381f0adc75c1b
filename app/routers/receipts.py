"""Receipts of submissions, and their public check."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.errors import AmbiguousPlan, NotFound
from app.http.routing import StrictRoute
from app.routers.dependencies import AddressedReport, DirectDriver, Now, ReportsReader
from app.routers.responses import problems
from app.schemas.receipts import ReceiptCheck, ReceiptOut
from app.services.reports import receipts
from app.services.reports.receipts import Receipt

router = APIRouter(tags=["reports"], route_class=StrictRoute)


@router.get(
    "/reports/{period}/{agency}/receipt",
    summary="Get a receipt",
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_receipt(
    key: AddressedReport,
    principal: ReportsReader,
    driver: DirectDriver,
    now: Now,
    revision: Annotated[
        int | None,
        Query(ge=1, le=100_000, description="The number of the revision; by default the last one."),
    ] = None,
) -> ReceiptOut:
    """Get what was true when a revision was sent, with what is judged in another way today."""
    return _receipt(await receipts.get(driver, principal, key, revision=revision, now=now))


@router.get("/receipts/check", summary="Check a receipt")
async def check_receipt(
    driver: DirectDriver,
    number: Annotated[str, Query(max_length=100, description="The number of the receipt.")],
    fingerprint: Annotated[
        str, Query(max_length=100, description="The fingerprint on the receipt.")
    ],
) -> ReceiptCheck:
    """Tell whether a receipt has this number and this fingerprint, to anyone; and nothing else."""
    return ReceiptCheck(matches=await receipts.matches(driver, number, fingerprint))


def _receipt(receipt: Receipt) -> ReceiptOut:
    row, timing = receipt.row, receipt.timing
    today = {
        "due_date": row["due_date_now"],
        "timeliness": row["timeliness_now"],
        "days_late": row["days_late_now"],
    }
    return ReceiptOut.model_validate(
        {
            **row,
            "number": row["receipt_number"],
            "period_name": receipt.period_name,
            "extended": bool(row["extended"]),
            "extension_document": row["extension_document"] if row["extended"] else None,
            "timeliness": timing.timeliness,
            "days_late": timing.days_late,
            "today": today if receipt.has_changed else None,
        }
    )
