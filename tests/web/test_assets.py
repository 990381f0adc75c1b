"""Static files: compression, caching, and no access to other files."""

import pytest

from app.web.assets import CACHE_CONTROL, FOLDER
from tests.conftest import Service
from tests.support.browser import HOST

SHEET = f"{HOST}/static/pages.css"


async def test_a_file_is_compressed_and_then_revalidated(service: Service) -> None:
    client = service.client()
    first = await client.get(SHEET)
    assert first.status_code == 200
    assert first.text == (FOLDER / "pages.css").read_text("utf-8")
    assert first.headers["Content-Encoding"] == "gzip"
    assert first.headers["Cache-Control"] == CACHE_CONTROL
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    again = await client.get(SHEET, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["nothing.css", "", "..%2fpage.py", "../page.py", "%00", "a" * 300, "templates/"]
)
async def test_other_paths_are_not_found(service: Service, name: str) -> None:
    answer = await service.client().get(f"{HOST}/static/{name}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/not-found"


async def test_files_are_read_only(service: Service) -> None:
    answer = await service.client().put(SHEET, content=b"x")
    assert answer.status_code == 405
