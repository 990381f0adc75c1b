"""The account page: password, sessions, notification channels, calendar."""

import httpx

from tests.conftest import Service
from tests.support.accounts import PASSWORD
from tests.support.browser import HOST, parse_page, send, signed_in, visit
from tests.support.report_calls import ok

NEW_PASSWORD = "mưa rào trên đồng lúa"


async def sign_in(service: Service, password: str) -> httpx.Response:
    form = {"username": "xuan-hong", "password": password}
    return await service.client().post("/auth/token", data=form)


async def test_the_page_shows_own_data(service: Service) -> None:
    page = await visit(signed_in(service, "xuan-hong"), "/account")
    for part in ("Xuan Hong", "xuan-hong@example.vn", "Người báo cáo", "UBND xã Xuân Hồng"):
        assert part in page.text_content
    assert "Giúp người khác đăng nhập" not in page.text_content
    root = await visit(signed_in(service, "admin"), "/account")
    assert "Toàn hệ thống" in root.text_content
    assert "Lịch hạn gửi" not in root.text_content
    assert {"/reset-code", "/invitation"} <= set(root.references)


async def test_a_password_is_changed(service: Service) -> None:
    browser = signed_in(service, "xuan-hong")
    other = ok(await sign_in(service, PASSWORD))["access_token"]
    page = await visit(browser, "/account")
    for current, new, told in (
        ("sai", NEW_PASSWORD, "Mật khẩu hiện tại không đúng"),
        (PASSWORD, "ngắn", "ít nhất 8 ký tự"),
        (PASSWORD, "12345678", "quá phổ biến"),
    ):
        answer = await send(
            browser, page, "/account/password", current_password=current, new_password=new
        )
        assert answer.status_code == 422
        assert told in parse_page(answer).text_content
    answer = await send(
        browser, page, "/account/password", current_password=PASSWORD, new_password=NEW_PASSWORD
    )
    assert answer.headers["Location"] == "/account?saved=password"
    assert "Đã đổi mật khẩu" in (await visit(browser, "/account?saved=password")).text_content
    assert (await service.client(secret=other).get("/me")).status_code == 401
    assert (await sign_in(service, NEW_PASSWORD)).status_code == 200


async def test_wrong_passwords_are_limited(service: Service) -> None:
    browser = signed_in(service, "xuan-hong")
    page = await visit(browser, "/account")
    fields = {"current_password": "sai", "new_password": NEW_PASSWORD}
    for _ in range(11):
        answer = await send(browser, page, "/account/password", **fields)
    assert answer.status_code == 429
    assert "thử lại sau" in parse_page(answer).text_content


async def test_other_devices_are_signed_out(service: Service) -> None:
    browser = signed_in(service, "xuan-hong")
    page = await visit(browser, "/account")
    assert "Không có thiết bị nào khác" in page.text_content
    other = ok(await sign_in(service, PASSWORD))["access_token"]
    page = await visit(browser, "/account")
    assert page.text_content.count("(thiết bị này)") == 1
    assert "Đăng xuất mọi thiết bị khác" in page.text_content
    answer = await send(browser, page, "/account/sessions")
    assert answer.headers["Location"] == "/account?saved=sessions"
    assert (await service.client(secret=other).get("/me")).status_code == 401
    await visit(browser, "/account?saved=sessions")


async def test_channels_are_chosen(service: Service) -> None:
    browser = signed_in(service, "xuan-hong")
    page = await visit(browser, "/account")
    assert page.checked()["channel"] == ["email", "in_app"]
    answer = await send(browser, page, "/account/notifications", channel="in_app")
    assert answer.status_code == 303
    page = await visit(browser, "/account?saved=notifications")
    assert page.checked()["channel"] == ["in_app"]
    assert "period_news" not in page.checked()
    answer = await send(browser, page, "/account/notifications")
    assert answer.status_code == 422
    assert "Chưa lưu" in parse_page(answer).text_content
    page = await visit(browser, "/account")
    assert page.checked()["channel"] == ["in_app"]


async def test_a_calendar_link_is_shown_once_and_revoked(service: Service) -> None:
    browser = signed_in(service, "xuan-hong")
    page = parse_page(await send(browser, await visit(browser, "/account"), "/account/calendar"))
    [address] = [word for word in page.text_content.split() if "calendar.ics" in word]
    feed = address.replace("http://127.0.0.1:8000", HOST)
    assert (await service.client().get(feed)).status_code == 200
    page = await visit(browser, "/account")
    assert "calendar.ics" not in page.answer.text
    [revoke] = [each for each in page.references if each.endswith("/revoke")]
    stranger = signed_in(service, "bac-luong")
    refused = await send(stranger, await visit(stranger, "/account"), revoke)
    assert refused.status_code == 404
    answer = await send(browser, page, revoke)
    assert answer.headers["Location"] == "/account?saved=calendar"
    assert (await service.client().get(feed)).status_code == 404


async def test_an_unknown_word_in_the_address_shows_nothing(service: Service) -> None:
    page = await visit(signed_in(service, "xuan-hong"), "/account?saved=%3Cb%3E")
    assert "<b>" not in page.answer.text
