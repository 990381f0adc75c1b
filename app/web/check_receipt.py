"""The page on which anyone can check a receipt."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.routers.dependencies import DirectDriver
from app.services.reports import receipts
from app.web.page import PageRoute, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LONGEST = 100
"""Characters of a number or a fingerprint."""


@router.get("/check-receipt")
async def show_receipt_check(
    request: Request,
    driver: DirectDriver,
    number: Annotated[str, Query(max_length=LONGEST)] = "",
    fingerprint: Annotated[str, Query(max_length=LONGEST)] = "",
) -> Response:
    """Tell anyone whether a receipt's number and fingerprint belong together, and nothing else."""
    is_asked = bool(number and fingerprint)
    return page(
        request,
        "check_receipt.html",
        number=number,
        fingerprint=fingerprint,
        matches=await receipts.matches(driver, number, fingerprint) if is_asked else None,
    )
