"""Rules for all pages: no other hosts, no inline scripts, security headers."""

import re
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.web.assets import FOLDER, SWAGGER_UI
from app.web.sessions import SessionRoute
from tests.conftest import Service
from tests.support.browser import open_page
from tests.support.operations import APPLICATION, routes

PAGES = [
    ("/", 200),
    ("/docs", 200),
    ("/docs/guide", 200),
    ("/sign-in", 200),
    ("/forgotten-password", 200),
    ("/set-password", 200),
    ("/set-password?key=x", 404),
    ("/offline", 200),
    ("/check-receipt", 200),
    ("/help", 200),
    ("/notifications/preferences?key=x", 404),
]
"""Every page that needs no session, and some for problems; the others: test_page_policy.py."""
FILES = {"/worker.js"}
SCRIPTS = {"/docs": "'self'", "/offline": "'self'"}
"""The `script-src` of pages with scripts."""


def test_every_page_is_in_the_table() -> None:
    shown = {
        route.path
        for route in routes(APPLICATION)
        if not route.include_in_schema
        and "GET" in (route.methods or ())
        and not isinstance(route, SessionRoute)
    }
    public = {address.partition("?")[0] for address, _ in PAGES}
    assert shown == public | FILES


@pytest.mark.parametrize(("address", "status"), PAGES)
async def test_a_page_has_no_other_hosts_and_no_inline_scripts(
    service: Service, address: str, status: int
) -> None:
    page = await open_page(service, address, status)
    assert page.references
    for reference in page.references:
        parts = urlsplit(reference)
        assert (parts.scheme, parts.netloc) == ("", ""), reference
        assert reference.startswith("/"), reference
    assert "".join(page.scripts).strip() == ""
    assert "style=" not in page.answer.text  # the Content-Security-Policy forbids it


@pytest.mark.parametrize(("address", "status"), PAGES)
async def test_a_page_has_strict_security_headers(
    service: Service, address: str, status: int
) -> None:
    headers = (await open_page(service, address, status)).answer.headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy.get("script-src") == SCRIPTS.get(address)
    assert policy["style-src"] == policy["form-action"] == "'self'"
    assert set(policy["img-src"].split()) <= {"'self'", "data:"}
    assert policy.get("connect-src", "'self'") == "'self'"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


async def test_all_links_of_a_page_work(service: Service) -> None:
    for address, status in PAGES:
        for reference in (await open_page(service, address, status)).references:
            answer = await service.client().get(f"http://test{reference}")
            assert answer.status_code == 200, (address, reference)


def test_style_sheets_load_nothing() -> None:
    package, folder = SWAGGER_UI
    swagger_ui = Path(str(files(package))) / folder
    for sheet in [*FOLDER.rglob("*.css"), *swagger_ui.rglob("*.css")]:
        text = sheet.read_text("utf-8")
        assert "@import" not in text, sheet
        named = re.findall(r"url\(\s*[\"']?([^)\"']{1,9})", text)
        fetched = [address for address in named if not address.startswith("data:")]
        assert fetched == [], sheet
