"""What a browser needs to open the report form without a network."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from app.web.assets import FOLDER
from app.web.page import SCRIPTS, PageRoute, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/worker.js")
async def get_service_worker() -> Response:
    """The service worker. It has to be at the root of the pages that it serves."""
    return FileResponse(
        FOLDER / "worker.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"}
    )


@router.get("/offline")
async def show_offline_page(request: Request) -> Response:
    """The page without a network. It contains nothing private: the form comes from the device."""
    return page(request, "offline.html", policy=SCRIPTS)
