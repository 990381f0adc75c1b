"""Receipts of submissions, and their public check."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import AmbiguousPlan, NotAcceptable, NotFound
from app.http.headers import preferred_media_type
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    AddressedReport,
    AnswerLanguage,
    DirectDriver,
    Now,
    ReportsReader,
)
from app.routers.responses import problems, references
from app.schemas.receipts import ReceiptCheck, ReceiptOut
from app.services.reports import receipt_page, receipts
from app.services.reports.receipts import Receipt

JSON, PDF = "application/json", "application/pdf"

router = APIRouter(tags=["reports"], route_class=StrictRoute)


@router.get(
    "/reports/{period}/{agency}/receipt",
    summary="Get a receipt",
    response_model=ReceiptOut,
    responses=problems(NotFound, AmbiguousPlan, NotAcceptable)
    | {
        200: {
            "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
            "headers": references("Vary", "Content-Disposition"),
        }
    },
)
async def get_receipt(
    request: Request,
    key: AddressedReport,
    principal: ReportsReader,
    driver: DirectDriver,
    now: Now,
    language: AnswerLanguage,
    revision: Annotated[
        int | None,
        Query(ge=1, le=100_000, description="The number of the revision; by default the last one."),
    ] = None,
) -> Response:
    """Get what was true when a revision was sent, with what is judged in another way today.

    As JSON, or with `Accept: application/pdf` on a page to be printed.
    """
    media_type = preferred_media_type(request, (JSON, PDF))
    if media_type is None:
        raise NotAcceptable(formats=f"{JSON}, {PDF}")
    receipt = await receipts.get(driver, principal, key, revision=revision, now=now)
    name = f"{receipt.row['period']}-{receipt.row['agency']}"
    headers = {"Vary": "Accept, Accept-Language"}
    if media_type == JSON:
        headers["Content-Disposition"] = f'inline; filename="{name}.json"'
        return Response(_receipt(receipt).model_dump_json(), media_type=JSON, headers=headers)
    # Setting the page takes milliseconds of processor time, so it leaves the event loop free.
    pdf = await asyncio.to_thread(receipt_page.pdf_of, receipt, language)
    headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return Response(pdf, media_type=PDF, headers=headers)


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
