"""The API documentation: Swagger UI without a CDN, and the guide."""

from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.web.page import PageRoute, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

GUIDE = Path(__file__).parents[2] / "docs" / "api-guide.md"
SWAGGER_UI_POLICY = {
    "script-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
}
"""Swagger UI has icons in its style sheet and sends requests to the API."""


@router.get("/docs")
async def show_docs(request: Request) -> Response:
    """Show all operations, with a form to try each: in Vietnamese, or with `lang=en` in English."""
    document = request.app.openapi_url
    if request.query_params.get("lang") == "en":
        document += "?lang=en"
    return page(request, "docs.html", policy=SWAGGER_UI_POLICY, document=document)


@router.api_route("/docs/guide", methods=["GET", "HEAD"])
def show_guide(request: Request) -> Response:
    """Show the guide for developers of clients, to which the OpenAPI document refers."""
    return page(request, "guide.html", guide=GUIDE.read_text("utf-8"))
