"""The pages of people without a password: links, codes, invitations."""

import re
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text

from app.services.notifications import password_mails
from app.web.cookies import SESSION
from tests.conftest import Service
from tests.support.browser import parse_page, send, signed_in, stranger, visit
from tests.support.deliveries import Outbox, address_in, delivery_context, execute

NEW_PASSWORD = "mưa rào trên đồng lúa"


async def mailed_address(service: Service) -> str:
    """The path and query of the page that the last e-mail opens."""
    outbox = Outbox()
    await password_mails.send(delivery_context(service, outbox), lambda: True)
    parts = urlsplit(address_in(outbox.mails[-1]))
    return f"{parts.path}?{parts.query}"


def code_in(text_content: str) -> str:
    [code] = re.findall(r"\d{5}-\d{5}", text_content)
    return str(code)


async def ask(browser: httpx.AsyncClient, username: str) -> httpx.Response:
    page = await visit(browser, "/forgotten-password")
    return await send(browser, page, "/forgotten-password", username=username)


async def test_a_forgotten_password_is_set_by_the_link_of_a_mail(service: Service) -> None:
    browser = stranger(service)
    assert "/forgotten-password" in (await visit(browser, "/sign-in")).references
    assert (await ask(browser, "xuan-hong")).status_code == 200
    address = await mailed_address(service)
    for _ in range(3):  # a mail scanner opens it too
        page = await visit(browser, address)
    assert "Xuan Hong" in page.text_content
    answer = await send(browser, page, "/set-password", key=page["key"], new_password=NEW_PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Xuan Hong" in (await visit(browser, "/")).text_content
    page = await visit(stranger(service), address, 404)
    assert "đã hết hạn hoặc đã dùng" in page.text_content


async def test_the_page_says_the_same_for_every_name(service: Service) -> None:
    texts = set()
    for name in ("xuan-hong", "no-one", "a\x00b"):
        answer = await ask(stranger(service), name)
        assert answer.status_code == 200
        texts.add(parse_page(answer).text_content.replace(name, "…"))
    assert len(texts) == 1


async def test_too_many_requests_are_told(service: Service) -> None:
    browser = stranger(service)
    for _ in range(6):
        answer = await ask(browser, "xuan-hong")
    assert answer.status_code == 429
    assert "Quá nhiều" in answer.text or "quá nhiều" in answer.text


async def test_a_refused_password_keeps_the_link_and_what_was_typed(service: Service) -> None:
    browser = stranger(service)
    await ask(browser, "xuan-hong")
    page = await visit(browser, await mailed_address(service))
    for password, told in (
        ("ngắn", "ít nhất 8 ký tự"),
        ("12345678", "quá phổ biến"),
        ("x" * 201, "nhiều nhất 200 ký tự"),
    ):
        answer = await send(browser, page, "/set-password", key=page["key"], new_password=password)
        assert answer.status_code == 422
        page = parse_page(answer)
        assert told in page.text_content
    answer = await send(browser, page, "/set-password", key=page["key"], new_password=NEW_PASSWORD)
    assert answer.status_code == 303


async def test_an_invitation_is_printed_and_greets_by_name(service: Service) -> None:
    await execute(service, "UPDATE account SET email = NULL WHERE username = 'xuan-hong'")
    admin = signed_in(service, "district-admin")
    form = await visit(admin, "/invitation?username=xuan-hong")
    assert form["username"] == "xuan-hong"
    refused = await send(admin, form, "/invitation", username="xuan-hong", delivery="email")
    assert refused.status_code == 409
    answer = await send(admin, form, "/invitation", username="xuan-hong", delivery="code")
    printed = parse_page(answer).text_content
    assert "Giấy mời sử dụng hệ thống Tiến độ" in printed
    assert "http://127.0.0.1:8000/set-password" in printed
    code = code_in(printed)

    browser = stranger(service)
    page = await visit(browser, "/set-password")
    fields = {"username": "xuan-hong", "code": code, "new_password": NEW_PASSWORD}
    wrong = await send(browser, page, "/set-password", **fields | {"code": "00000-00000"})
    assert wrong.status_code == 401
    assert parse_page(wrong)["username"] == "xuan-hong"
    answer = await send(browser, page, "/set-password", **fields)
    assert answer.headers["Location"] == "/welcome"
    assert "Kính chào Ông/Bà Xuan Hong" in (await visit(browser, "/welcome")).text_content


async def test_an_invitation_goes_by_mail(service: Service) -> None:
    admin = signed_in(service, "district-admin")
    form = await visit(admin, "/invitation")
    answer = await send(admin, form, "/invitation", username="xuan-hong", delivery="email")
    assert "xuan-hong@example.vn" in parse_page(answer).text_content
    page = await visit(stranger(service), await mailed_address(service))
    assert "Tài khoản của Ông/Bà đã được lập" in page.text_content


async def test_the_clerk_hands_out_a_reset_code(service: Service) -> None:
    clerk = signed_in(service, "coordinator")
    form = await visit(clerk, "/reset-code")
    answer = await send(clerk, form, "/reset-code", username=" Xuan-Hong ")
    code = code_in(parse_page(answer).text_content)
    browser = stranger(service)
    page = await visit(browser, "/set-password")
    answer = await send(
        browser,
        page,
        "/set-password",
        username="xuan-hong",
        code=code.replace("-", " "),
        new_password=NEW_PASSWORD,
    )
    assert answer.headers["Location"] == "/"
    for username, status in (("district-admin", 403), ("no-one", 404), ("a\x00b", 404)):
        answer = await send(clerk, form, "/reset-code", username=username)
        assert answer.status_code == status, username


async def test_a_key_of_any_text_is_refused(service: Service) -> None:
    for key in ("x", "%00", "%F0%9F%98%80", "%ED%A0%80", "x" * 3000):
        await visit(stranger(service), f"/set-password?key={key}", 404)


@pytest.mark.parametrize("person", ["xuan-hong", "vice-chairman", "coordinator"])
async def test_only_administrators_invite(service: Service, person: str) -> None:
    assert (await signed_in(service, person).get("/invitation")).status_code == 403


async def test_a_person_of_an_ended_agency_is_told_at_home(service: Service) -> None:
    async with service.database.transaction() as session:
        await session.execute(
            text("UPDATE agency SET valid_to = '2024-06-09' WHERE code = '15493'")
        )
    browser = signed_in(service, "xuan-hong")
    for address in ("/", "/account"):
        assert "đã kết thúc hoạt động" in (await visit(browser, address)).text_content
    assert SESSION.plain in browser.cookies
