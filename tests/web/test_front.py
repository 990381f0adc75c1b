"""The front page, where the button in each mail leads."""

import re

import httpx
import pytest

from app.clock import Clock
from app.main import create_app
from app.settings import Settings
from tests.conftest import Service
from tests.support.browser import HOST, open_page, parse_page


async def test_it_describes_the_service_and_its_state(service: Service) -> None:
    page = await open_page(service, "/")
    assert "nhận báo cáo định kỳ" in page.text_content
    assert "Dịch vụ đang hoạt động, 08:00 ngày 10/6/2024." in page.text_content
    assert "Tài khoản do cơ quan tổng hợp của huyện cấp" in page.text_content
    assert "/docs" in page.references


async def test_head_is_supported(service: Service) -> None:
    answer = await service.client().head(f"{HOST}/")
    assert answer.status_code == 200


async def test_an_unavailable_database_is_reported_as_a_page() -> None:
    app = create_app(Settings(), "postgresql://127.0.0.1:1/none", Clock())
    from app.db.database import Database  # noqa: PLC0415 - only this test builds one by hand

    app.state.database = Database("postgresql://127.0.0.1:1/none", Settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    page = parse_page(answer)
    assert "Cơ sở dữ liệu không trả lời" in page.text_content
    assert "đang hoạt động" not in page.text_content


async def test_an_unexpected_error_is_a_page_with_the_request_id(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.front.day", lambda _: 1 / 0)
    page = await open_page(service, "/", status=500)
    assert re.search("mã tra cứu: [0-9a-f]{16}", page.text_content)
    assert page.answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("public_url", "base"),
    [("https://tiendo.example.vn", ""), ("https://huyen.example.vn/tien-do/", "/tien-do")],
)
async def test_links_include_the_path_prefix_of_the_public_url(
    service: Service, public_url: str, base: str
) -> None:
    service.app.state.settings = Settings(public_url=public_url)
    page = await open_page(service, "/")
    assert f"{base}/docs" in page.references
    assert f"{base}/static/pages.css" in page.references
    assert all(address.startswith(f"{base}/") for address in page.references)
