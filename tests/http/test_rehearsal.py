"""A rehearsal clock is announced in every answer, on every page, in mails and at the start."""

from datetime import UTC, datetime, timedelta

import pytest

from app.clock import Clock
from app.routers import health
from app.server import serving
from app.services.notifications.wording import Recipient, compose
from app.settings import Settings
from tests.conftest import Service
from tests.services.notifications.test_wording import NOW, line
from tests.support.browser import HOST, parse_page
from tests.web.test_page import PAGES

START = datetime.fromisoformat("2024-06-15T16:30:00+07:00")
ADDRESSES = (
    "/health/live",
    "/health/ready",
    "/metrics",
    "/api/v1/openapi.json",
    "/api/v1/plans",  # 401
    "/api/v1/nothing",  # 404
    "/static/pages.css",
)


@pytest.fixture
def rehearsal(service: Service) -> Service:
    """The service with its clock at 16:30 on 15 June 2024."""
    service.app.state.clock = Clock.starting_at(START)
    return service


@pytest.mark.parametrize("address", [*ADDRESSES, *(address for address, _ in PAGES)])
async def test_every_answer_carries_the_time_of_a_rehearsal(
    rehearsal: Service, address: str
) -> None:
    answer = await rehearsal.client().get(f"{HOST}{address}")
    shown = datetime.fromisoformat(answer.headers["X-Rehearsal-Clock"])
    assert timedelta(0) <= shown - START.replace(microsecond=0) < timedelta(minutes=5)


async def test_an_unexpected_error_carries_it_too(
    rehearsal: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "Health", None)
    answer = await rehearsal.client().get(f"{HOST}/health/live")
    assert answer.status_code == 500
    assert answer.headers["X-Rehearsal-Clock"].startswith("2024-06-15T16:3")


@pytest.mark.parametrize("path", ["live", "ready"])
async def test_the_probes_say_whether_it_is_a_rehearsal(service: Service, path: str) -> None:
    real = await service.client().get(f"{HOST}/health/{path}")
    assert real.json()["rehearsal"] is False
    assert "X-Rehearsal-Clock" not in real.headers
    service.app.state.clock = Clock.starting_at(START)
    answer = await service.client().get(f"{HOST}/health/{path}")
    assert answer.json()["rehearsal"] is True


@pytest.mark.parametrize(("address", "status"), PAGES)
async def test_every_page_has_a_banner(service: Service, address: str, status: int) -> None:
    answer = await service.client().get(f"{HOST}{address}")
    assert "Diễn tập." not in answer.text
    service.app.state.clock = Clock.starting_at(START)
    page = parse_page(await service.client().get(f"{HOST}{address}"))
    assert page.answer.status_code == status
    assert "Diễn tập. Đồng hồ của dịch vụ là 16:3" in page.text_content
    assert "ngày 15/6/2024, không phải giờ thật." in page.text_content


def test_a_mail_says_that_it_is_a_rehearsal() -> None:
    words = compose(Recipient("A", "http://x"), [line()], NOW, rehearsal=True)
    assert words.subject == "[Diễn tập] Còn 7 ngày: báo cáo quý II năm 2024"
    assert words.plain.startswith("DIỄN TẬP. Đây là thư diễn tập, theo giờ diễn tập là ")
    assert "không phải giờ thật." in words.html


def test_the_start_line_shows_the_rehearsal_clock() -> None:
    assert "Diễn tập" not in serving.startup_line(Settings(), Clock()).vi
    shown = serving.startup_line(Settings(), Clock.starting_at(START))
    assert "[Diễn tập, đồng hồ là 2024-06-15 16:3" in shown.vi


def test_only_the_real_clock_is_no_rehearsal() -> None:
    assert not Clock().is_rehearsal
    assert Clock.starting_at(datetime.now(UTC) + timedelta(days=1)).is_rehearsal
