"""Signing in and out in a browser; what was typed outlives the session."""

import json

import httpx
import pytest

from app.settings import Settings
from app.web.cookies import SESSION
from tests.conftest import Service
from tests.support.accounts import PASSWORD
from tests.support.browser import HOST, parse_page, send, signed_in, visit


def browser_of(service: Service) -> httpx.AsyncClient:
    """A browser without cookies."""
    client = service.client()
    client.base_url = httpx.URL(HOST)
    return client


async def sign_in(browser: httpx.AsyncClient, **fields: str) -> httpx.Response:
    page = await visit(browser, "/sign-in")
    person = {"username": "xuan-hong", "password": PASSWORD, "next": "/"}
    return await send(browser, page, "/sign-in", **person | fields)


async def test_a_person_signs_in_and_out(service: Service) -> None:
    browser = browser_of(service)
    answer = await sign_in(browser, username=" Xuan-Hong ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    home = await visit(browser, "/")
    assert "UBND xã Xuân Hồng" in home.text_content
    answer = await send(browser, home, "/sign-out")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert "Đăng nhập" in (await visit(browser, "/")).text_content


async def test_the_cookie_of_the_session_is_bound_to_the_host(service: Service) -> None:
    browser = browser_of(service)
    plain = (await sign_in(browser)).headers["Set-Cookie"]
    assert plain.startswith("tiendo-session=tdt_")
    service.app.state.settings = Settings(public_url="https://tiendo.example.vn")
    browser = browser_of(service)
    page = parse_page(await browser.get("/sign-in"))
    secret = browser.cookies["__Host-tiendo-visit"]
    browser.cookies.clear()
    browser.cookies.set("__Host-tiendo-visit", secret)
    answer = await send(
        browser, page, "/sign-in", username="xuan-hong", password=PASSWORD, next="/"
    )
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-tiendo-session=tdt_")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=43200"} <= set(
        cookie.split("; ")
    )


async def test_a_wrong_password_and_a_lockout_are_told(service: Service) -> None:
    browser = browser_of(service)
    answer = await sign_in(browser, password="sai")
    assert answer.status_code == 401
    page = parse_page(answer)
    assert "Tên đăng nhập hoặc mật khẩu không đúng" in page.text_content
    assert page["username"] == "xuan-hong"
    for _ in range(20):
        answer = await sign_in(browser, password="sai")
    assert answer.status_code == 429
    assert "thử lại sau" in parse_page(answer).text_content
    assert "phút" in parse_page(answer).text_content


@pytest.mark.parametrize(
    ("given", "followed"),
    [
        ("/account", "/account"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nX: y", "/"),
        ("", "/"),
    ],
)
async def test_sign_in_leads_to_own_pages_only(service: Service, given: str, followed: str) -> None:
    answer = await sign_in(browser_of(service), next=given)
    assert answer.headers["Location"] == followed


async def test_a_form_without_a_token_of_this_browser_is_refused(service: Service) -> None:
    stranger = browser_of(service)
    token = (await visit(stranger, "/sign-in"))["form_token"]
    browser = browser_of(service)
    await visit(browser, "/sign-in")
    person = {"username": "xuan-hong", "password": PASSWORD}
    for fields in (person, person | {"form_token": token}, person | {"form_token": "x"}):
        answer = await browser.post("/sign-in", data=fields)
        assert answer.status_code == 403
        assert "Trang đã mở quá lâu" in parse_page(answer).text_content
    assert SESSION.plain not in browser.cookies


async def test_tokens_of_forms_differ_from_page_to_page(service: Service) -> None:
    browser = signed_in(service, "xuan-hong")
    tokens = {(await visit(browser, "/"))["form_token"] for _ in range(3)}
    assert len(tokens) == 3


async def test_what_was_typed_outlives_the_session(service: Service) -> None:
    browser = signed_in(service, "xuan-hong")
    home = await visit(browser, "/")
    browser.cookies.clear()
    typed = {"form_token": home["form_token"], "note": "Đã nuôi 12 con bò"}
    answer = await browser.post("/sign-out", data=typed, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 401
    page = parse_page(answer)
    assert json.loads(page["kept"]) == [["note", "Đã nuôi 12 con bò"]]
    assert page["next"] == "/sign-out"
    answer = await send(
        browser,
        page,
        "/sign-in",
        username="xuan-hong",
        password=PASSWORD,
        next=page["next"],
        kept=page["kept"],
    )
    page = parse_page(answer)
    assert (page.action, page["note"]) == ("/sign-out", "Đã nuôi 12 con bò")
    answer = await send(browser, page, "/sign-out", note=page["note"])
    assert answer.status_code == 303


async def test_a_form_of_another_site_is_not_kept(service: Service) -> None:
    browser = browser_of(service)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        answer = await browser.post("/sign-out", data={"note": "x"}, headers=headers)
        assert answer.status_code == 401
        assert "kept" not in {field.name for field in parse_page(answer).fields}


async def test_the_api_does_not_take_the_cookie(service: Service) -> None:
    browser = signed_in(service, "xuan-hong")
    assert (await browser.get("/api/v1/me")).status_code == 401
