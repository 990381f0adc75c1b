"""The preferences page: opened by a key in a mail, it changes one person's channels only."""

import re
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from app.services.notifications.delivery import deliver
from app.vocabulary import Channel
from tests.conftest import Service
from tests.support.browser import HOST, Page, open_page, parse_page
from tests.support.deliveries import (
    Outbox,
    deliver_all,
    delivery_context,
    execute,
    keep_rules,
    prefer,
    run_sweep,
)
from tests.support.operations import UNDER_VERSION
from tests.support.reference_calls import list_events
from tests.support.report_calls import ok

PATH = "/notifications/preferences"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
USUAL = {"channel": ["email", "in_app"], "period_news": ["yes"]}


async def address(service: Service, person: str = "xuan-hong") -> str:
    """The path of the link in a person's mails."""
    async with service.database.reading() as session:
        query = text("SELECT mail_key FROM account WHERE username = :person")
        return f"{PATH}?key={await session.scalar(query, {'person': person})}"


async def save(service: Service, page: Page, form: dict[str, list[str]]) -> httpx.Response:
    """Submit the form of a page with these values."""
    return await service.client().post(f"{HOST}{page.action}", data=form)


async def chosen(service: Service, person: str = "xuan-hong") -> tuple[list[str], bool]:
    """The preferences of a person according to the API."""
    found = ok(await service.client(person).get(PATH))
    return found["channels"], found["period_news"]


async def test_it_shows_the_name_and_the_default_channels(service: Service) -> None:
    page = await open_page(service, await address(service))
    assert "Xuan Hong" in page.text_content
    assert "Xã Xuân Hồng" in page.text_content
    assert page.checked() == USUAL
    assert [each.value for each in page.fields] == ["email", "in_app", "yes"]
    assert "liên quan đến hạn gửi báo cáo" in page.text_content
    assert "không tắt được, chỉ đổi được kênh nhận" in page.text_content


async def test_get_and_head_change_nothing(service: Service) -> None:
    where = await address(service)
    await open_page(service, where)
    await service.client().get(f"{HOST}{where}&List-Unsubscribe=One-Click")
    head = await service.client().head(f"{HOST}{where}")
    assert (head.status_code, head.text) == (200, "")
    assert await chosen(service) == (["email", "in_app"], True)
    assert await list_events(service, "notification_preference.put") == []


async def test_a_choice_is_saved_confirmed_and_audited(service: Service) -> None:
    where = await address(service)
    answer = await save(service, await open_page(service, where), {"channel": ["in_app"]})
    assert answer.status_code == 200
    page = parse_page(answer)
    assert "Đã lưu." in page.text_content
    assert page.checked() == {"channel": ["in_app"]}
    assert (await open_page(service, where)).checked() == {"channel": ["in_app"]}
    assert await chosen(service) == (["in_app"], False)
    (event,) = await list_events(service, "notification_preference.put")
    assert (event.actor, event.subject) == ("mail-key/xuan-hong", "users/xuan-hong")
    assert event.after == {"channels": ["in_app"], "period_news": False}
    assert await chosen(service, "bac-luong") == (["email", "in_app"], True)


@pytest.mark.parametrize("form", [{}, {"period_news": ["yes"]}, {"channel": ["webhook", "pigeon"]}])
async def test_at_least_one_available_channel_is_required(
    service: Service, form: dict[str, list[str]]
) -> None:
    where = await address(service)
    answer = await save(service, await open_page(service, where), form)
    assert answer.status_code == 422
    page = parse_page(answer)
    assert "Chưa lưu. Cần chọn ít nhất một kênh đang dùng được." in page.text_content
    assert "email" not in page.checked().get("channel", [])
    assert ("period_news" in page.checked()) == ("period_news" in form)
    assert (await open_page(service, where)).checked() == USUAL
    assert await list_events(service, "notification_preference.put") == []


async def test_only_available_or_chosen_channels_are_offered(service: Service) -> None:
    await execute(service, "UPDATE account SET email = NULL WHERE username = 'xuan-hong'")
    await prefer(service, "xuan-hong", Channel.EMAIL, Channel.IN_APP)
    hook = {"agency": "395", "url": "https://hook.example.vn/"}
    ok(await service.client("coordinator").post("/webhooks", json=hook), 201)
    page = await open_page(service, await address(service))
    assert [each.value for each in page.fields] == ["email", "webhook", "in_app", "yes"]
    assert "Thư điện tử (hiện chưa dùng được)" in page.text_content
    saved = await save(service, page, {"channel": ["webhook"], "period_news": ["yes"]})
    assert parse_page(saved).checked() == {"channel": ["webhook"], "period_news": ["yes"]}


@pytest.mark.parametrize("as_files", [False, True])
async def test_one_click_unsubscribe_leaves_only_the_application(
    service: Service, as_files: bool
) -> None:
    """RFC 8058 allows both form media types, and no redirect in the response."""
    where = f"{HOST}{await address(service)}"
    parts = {name: (None, value) for name, value in ONE_CLICK.items()}
    client = service.client()
    for _attempt in range(2):
        answer = await (
            client.post(where, files=parts) if as_files else client.post(where, data=ONE_CLICK)
        )
        assert answer.status_code == 200
    assert "Đã lưu." in parse_page(answer).text_content
    assert await chosen(service) == (["in_app"], False)
    await keep_rules(service, "before-7")
    service.clock.set("2024-06-08 08:00")
    await run_sweep(service)
    assert "xuan-hong" not in [name for name, _ in (await deliver_all(service)).letters]


async def test_a_name_is_escaped(service: Service) -> None:
    await execute(
        service,
        "UPDATE account SET full_name = '<b onclick=x>Hường</b>' WHERE username = 'xuan-hong'",
    )
    page = await open_page(service, await address(service))
    assert "<b onclick=x>Hường</b>" in page.text_content
    echoed = f'{await address(service)}&x="><script>alert(1)</script>'
    assert "".join((await open_page(service, echoed)).scripts).strip() == ""


async def test_it_works_for_an_account_without_an_agency(service: Service) -> None:
    page = await open_page(service, await address(service, "admin"))
    assert "Admin" in page.text_content


@pytest.mark.parametrize("key", ["", "x", "00000000-0000-0000-0000-000000000000", "%00", "é" * 999])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_wrong_key_is_a_not_found_page(service: Service, key: str, method: str) -> None:
    answer = await service.client().request(method, f"{HOST}{PATH}?key={key}", data=ONE_CLICK)
    assert answer.status_code == 404
    page = parse_page(answer)
    assert "Không tìm thấy trang cài đặt thông báo của liên kết này." in page.text_content
    assert "hãy mở lại liên kết trong thư mới nhất" in page.text_content


async def test_the_key_of_an_inactive_account_is_not_found(service: Service) -> None:
    where = await address(service)
    await execute(service, "UPDATE account SET active = false WHERE username = 'xuan-hong'")
    await open_page(service, where, status=404)
    answer = await service.client().post(f"{HOST}{where}", data=ONE_CLICK)
    assert answer.status_code == 404


async def test_the_key_is_no_token_api_key_or_calendar_token(service: Service) -> None:
    key = (await address(service)).partition("key=")[2]
    for secret in (key, key.replace("-", "")):
        for header in ({"Authorization": f"Bearer {secret}"}, {"X-API-Key": secret}):
            answer = await service.client().get("/me", headers=header)
            assert answer.status_code == 401
    assert (await service.client().get(f"/calendar.ics?token={key}")).status_code == 404


async def test_no_response_of_the_api_contains_a_key(service: Service) -> None:
    async with service.database.reading() as session:
        keys = [str(key) for key in await session.scalars(text("SELECT mail_key FROM account"))]
    await keep_rules(service, "before-7")
    await run_sweep(service)
    await deliver_all(service)
    assert len(set(keys)) == len(keys)
    for person in ("admin", "coordinator", "vice-chairman", "xuan-hong"):
        client = service.client(person)
        for operation in UNDER_VERSION:
            if operation.method == "GET":
                answer = await client.get(operation.address(), params=operation.required())
                assert not [key for key in keys if key in answer.text], operation.name
    preview = await service.client("coordinator").post("/reminders/preview?on=2024-06-08")
    assert "key=…" in preview.text
    assert not [key for key in keys if key in preview.text]


async def test_every_link_in_a_mail_works_without_signing_in(service: Service) -> None:
    await keep_rules(service, "before-1", "missing-today")
    service.clock.set("2024-06-14 08:00")
    await run_sweep(service)
    outbox = Outbox()
    await deliver(delivery_context(service, outbox))
    assert {"xuan-hong", "coordinator"} <= {name for name, _ in outbox.letters}
    for mail in outbox.mails:
        assert str(mail.mail_key) in mail.text.plain
        in_html = re.findall('(?:href|src)="([^"]*)"', mail.text.html)
        in_text = re.findall(r"\w+://\S+", mail.text.plain)
        assert set(in_html) == set(in_text)
        assert len(in_text) == 2
        for link in in_text:
            parts = urlsplit(link)
            assert (parts.scheme, parts.netloc) == ("http", "127.0.0.1:8000"), link
            page = await open_page(service, f"{parts.path or '/'}?{parts.query}")
            assert "Tiến độ" in page.text_content


async def test_a_new_account_gets_a_random_key(service: Service) -> None:
    new = {"username": "moi", "full_name": "Mới", "role": "reporter", "agency": "15493"}
    ok(await service.client("admin").post("/users", json=new), 201)
    where = await address(service, "moi")
    assert "Mới" in (await open_page(service, where)).text_content
    await open_page(service, f"{PATH}?key={uuid4()}", status=404)
