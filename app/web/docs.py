"""The description of the API for a person, by a Swagger UI that is served from here."""

from fastapi import APIRouter, Request, Response

from app.web.page import PageRoute, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SWAGGER_UI_POLICY = {
    "script-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
}
"""Its icons stand in its style sheet, and it asks the API."""


@router.api_route("/docs", methods=["GET", "HEAD"])
async def show_docs(request: Request) -> Response:
    """Every operation, to read and to try."""
    document = request.app.openapi_url
    return page(request, "docs.html", policy=SWAGGER_UI_POLICY, document=document)
