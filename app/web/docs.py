"""The API documentation, shown by Swagger UI without a CDN."""

from fastapi import APIRouter, Request, Response

from app.web.page import PageRoute, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SWAGGER_UI_POLICY = {
    "script-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
}
"""Swagger UI has icons in its style sheet and sends requests to the API."""


@router.get("/docs")
async def show_docs(request: Request) -> Response:
    """Show all operations, with a form to try each."""
    document = request.app.openapi_url
    return page(request, "docs.html", policy=SWAGGER_UI_POLICY, document=document)
