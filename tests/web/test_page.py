"""What holds for every page: nothing from another host, nothing inline that runs, no leaks."""

import re
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.web.assets import FOLDER, SWAGGER_UI
from tests.conftest import Service
from tests.support.browser import open_page

PAGES = [("/", 200), ("/docs", 200), ("/notifications/preferences?key=x", 404)]
"""Every page, the one of a problem too."""
SCRIPTS = {"/docs": "'self'"}
"""The one page that runs something, and whose."""


@pytest.mark.parametrize(("address", "status"), PAGES)
async def test_a_page_refers_to_no_other_host_and_runs_nothing(
    service: Service, address: str, status: int
) -> None:
    page = await open_page(service, address, status)
    assert page.references
    for reference in page.references:
        parts = urlsplit(reference)
        assert (parts.scheme, parts.netloc) == ("", ""), reference
        assert reference.startswith("/"), reference
    assert "".join(page.scripts).strip() == ""
    assert "style=" not in page.answer.text  # the policy would drop it


@pytest.mark.parametrize(("address", "status"), PAGES)
async def test_a_page_lets_the_browser_load_and_tell_nothing_else(
    service: Service, address: str, status: int
) -> None:
    headers = (await open_page(service, address, status)).answer.headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy.get("script-src") == SCRIPTS.get(address)
    assert policy["style-src"] == policy["form-action"] == "'self'"
    assert set(policy["img-src"].split()) <= {"'self'", "data:"}
    assert policy.get("connect-src", "'self'") == "'self'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


async def test_what_a_page_links_to_is_there(service: Service) -> None:
    for address, status in PAGES:
        for reference in (await open_page(service, address, status)).references:
            answer = await service.client().get(f"http://test{reference}")
            assert answer.status_code == 200, (address, reference)


def test_style_sheets_fetch_nothing() -> None:
    package, folder = SWAGGER_UI
    swagger_ui = Path(str(files(package))) / folder
    for sheet in [*FOLDER.rglob("*.css"), *swagger_ui.rglob("*.css")]:
        text = sheet.read_text("utf-8")
        assert "@import" not in text, sheet
        named = re.findall(r"url\(\s*[\"']?([^)\"']{1,9})", text)
        fetched = [address for address in named if not address.startswith("data:")]
        assert fetched == [], sheet
