"""Problems outside the API: a page for browsers, a problem document for other clients."""

import pytest

from tests.conftest import Service
from tests.support.browser import HOST, parse_page

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PROBLEMS = [
    ("GET", "/nothing", 404, "Không tìm thấy"),
    ("GET", "/api", 404, "Không tìm thấy"),
    ("GET", "/static/nothing.css", 404, "Không tìm thấy"),
    ("GET", "/notifications", 404, "Không tìm thấy"),
    ("POST", "/docs", 405, "Phương thức không được hỗ trợ"),
    ("PUT", "/health/live", 405, "Phương thức không được hỗ trợ"),
    ("DELETE", "/static/pages.css", 405, "Phương thức không được hỗ trợ"),
]


@pytest.mark.parametrize(("method", "path", "status", "title"), PROBLEMS)
async def test_a_browser_gets_a_page_with_a_way_home(
    service: Service, method: str, path: str, status: int, title: str
) -> None:
    answer = await service.client().request(method, f"{HOST}{path}", headers={"Accept": BROWSER})
    assert answer.status_code == status
    page = parse_page(answer)
    assert title in page.text_content
    assert "Về trang đầu" in page.text_content
    assert "/" in page.references
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(("method", "path", "status", "title"), PROBLEMS)
@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5"])
async def test_other_clients_get_a_problem_document(
    service: Service, method: str, path: str, status: int, title: str, accept: str
) -> None:
    answer = await service.client().request(method, f"{HOST}{path}", headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == title


@pytest.mark.parametrize("path", ["/nothing", "/me", "/../v2/me", "/obligations?x=1"])
async def test_the_api_always_answers_with_documents(service: Service, path: str) -> None:
    answer = await service.client().get(path, headers={"Accept": BROWSER})
    assert answer.status_code in {401, 404}
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_405_on_a_page_names_the_methods(service: Service) -> None:
    answer = await service.client().post(f"{HOST}/docs", headers={"Accept": BROWSER})
    assert answer.headers["Allow"] == "GET, HEAD"
