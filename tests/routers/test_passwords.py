"""Setting one's own password: forgotten ones, invitations, codes from the office."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from app.channels.errors import DeliveryRefusedError
from app.jobs import delete_expired
from app.security import digest
from app.services.accounts.password_links import MOST_TRIES
from app.services.notifications import password_mails
from tests.conftest import Service
from tests.support.accounts import PASSWORD
from tests.support.deliveries import AWAY, Outbox, address_in, delivery_context, execute
from tests.support.reference_calls import change, problem_of
from tests.support.report_calls import ok

NEW_PASSWORD = "mưa rào trên đồng lúa"


async def ask(service: Service, username: str = "xuan-hong") -> httpx.Response:
    return await service.client().post("/auth/forgotten-password", json={"username": username})


async def send_mails(service: Service, outbox: Outbox | None = None) -> Outbox:
    outbox = outbox or Outbox()
    await password_mails.send(delivery_context(service, outbox), lambda: True)
    return outbox


def key_in(outbox: Outbox) -> str:
    return parse_qs(urlsplit(address_in(outbox.mails[-1])).query)["key"][0]


async def set_by_link(service: Service, key: str, password: str = NEW_PASSWORD) -> httpx.Response:
    body = {"token": key, "new_password": password}
    return await service.client().post("/auth/password", json=body)


async def set_by_code(service: Service, username: str, code: str) -> httpx.Response:
    body = {"username": username, "code": code, "new_password": NEW_PASSWORD}
    return await service.client().post("/auth/password-by-code", json=body)


async def sign_in(service: Service, username: str, password: str) -> int:
    form = {"username": username, "password": password}
    return (await service.client().post("/auth/token", data=form)).status_code


async def list_rows(service: Service, sql: str) -> list[Any]:
    async with service.database.reading() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def test_a_forgotten_password_is_set_by_a_link_from_a_mail(service: Service) -> None:
    answer = await ask(service, " Xuan-Hong ")
    assert answer.status_code == 202
    outbox = await send_mails(service)
    [mail] = outbox.mails
    assert (mail.email, mail.mail_key) == ("xuan-hong@example.vn", None)
    assert mail.text.plain.startswith("Kính gửi Ông/Bà Xuan Hong,")
    assert "đến 09:00 ngày 10/6/2024" in mail.text.plain
    assert address_in(mail) in mail.text.html
    assert address_in(mail).startswith("http://127.0.0.1:8000/set-password?key=")
    token = ok(await set_by_link(service, key_in(outbox)))["access_token"]
    me = ok(await service.client(secret=token).get("/me"))
    assert me["username"] == "xuan-hong"
    assert await sign_in(service, "xuan-hong", NEW_PASSWORD) == 200
    assert await sign_in(service, "xuan-hong", PASSWORD) == 401
    again = await set_by_link(service, key_in(outbox))
    assert problem_of(again) == (404, "not-found")


async def test_every_name_gets_the_same_answer_and_leaves_the_same_row(service: Service) -> None:
    await execute(service, "UPDATE account SET active = false WHERE username = 'bac-luong'")
    await execute(service, "UPDATE account SET email = NULL WHERE username = 'agriculture'")
    names = ["xuan-hong", "bac-luong", "agriculture", "no-one", "một mật khẩu gõ nhầm"]
    answers = [await ask(service, name) for name in names]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    rows = await list_rows(service, "SELECT name_hash, handled_at FROM password_request")
    assert rows == [(digest(name), None) for name in names]
    assert await list_rows(service, "SELECT 1 FROM password_link") == []
    outbox = await send_mails(service)
    assert [mail.email for mail in outbox.mails] == ["xuan-hong@example.vn"]


async def test_nothing_secret_is_stored(service: Service) -> None:
    await ask(service)
    outbox = await send_mails(service)
    key = key_in(outbox)
    code = ok(await service.client("coordinator").post("/users/xuan-hong/reset-code"), 201)["code"]
    tables = await list_rows(
        service, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    for (table,) in tables:
        rows = str(await list_rows(service, f'SELECT * FROM "{table}"'))  # noqa: S608 - a name
        assert key not in rows, table
        assert code not in rows, table
        assert code.replace("-", "") not in rows, table


async def test_a_link_lasts_an_hour(service: Service) -> None:
    await ask(service)
    outbox = await send_mails(service)
    service.clock.advance(minutes=59, seconds=59)
    refused = await set_by_link(service, key_in(outbox), "12345678")
    assert problem_of(refused) == (422, "validation-failed")
    service.clock.advance(seconds=1)
    assert (await set_by_link(service, key_in(outbox))).status_code == 404
    await delete_expired(delivery_context(service))
    assert await list_rows(service, "SELECT 1 FROM password_link") == []
    assert await list_rows(service, "SELECT 1 FROM password_request") == []


async def test_another_attempt_makes_another_key(service: Service) -> None:
    class Interrupted(Outbox):
        async def take_mail(self, mail: Any) -> None:
            await super().take_mail(mail)
            if len(self.mails) == 1:  # the mail is out, but the answer is lost
                raise AWAY

    await ask(service)
    outbox = await send_mails(service, Interrupted())
    first = key_in(outbox)
    assert len(outbox.mails) == 1
    service.clock.advance(minutes=1)
    await send_mails(service, outbox)
    assert len(outbox.mails) == 2
    assert (await set_by_link(service, first)).status_code == 404
    ok(await set_by_link(service, key_in(outbox)))


async def test_no_link_is_sent_while_messages_are_held(service: Service) -> None:
    await execute(service, "INSERT INTO message_hold (held_at) VALUES (now())")
    await ask(service)
    assert (await send_mails(service)).mails == []
    await execute(service, "DELETE FROM message_hold")
    assert len((await send_mails(service)).mails) == 1


async def test_a_refused_address_ends_the_link(service: Service) -> None:
    await ask(service)
    outbox = Outbox(trouble=DeliveryRefusedError("550 no such user"))
    await send_mails(service, outbox)
    assert await list_rows(service, "SELECT 1 FROM password_link") == []
    events = "SELECT actor, subject FROM audit_event WHERE action = 'password_link.refused'"
    assert await list_rows(service, events) == [("system", "users/xuan-hong")]


async def test_a_link_is_used_once_by_two_at_the_same_time(service: Service) -> None:
    await ask(service)
    key = key_in(await send_mails(service))
    answers = await asyncio.gather(*(set_by_link(service, key) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]


async def test_requests_are_limited_for_a_name_and_for_an_account(service: Service) -> None:
    for _ in range(5):
        assert (await ask(service, "no-one")).status_code == 202
        assert (await ask(service)).status_code == 202
    for name in ("no-one", "xuan-hong"):
        refused = await ask(service, name)
        assert problem_of(refused) == (429, "too-many-requests")
        assert refused.headers["Retry-After"] == "3600"
    assert (await ask(service, "bac-luong")).status_code == 202
    # From other networks: the account gets no more mails than allowed.
    for number in range(20):
        await execute(
            service,
            "INSERT INTO password_request (name_hash, network, requested_at)"
            " VALUES (:hash, :network, :now)",
            hash=digest("xuan-hong"),
            network=str(number),
            now=service.clock.now(),
        )
    outbox = await send_mails(service)
    assert len([mail for mail in outbox.mails if mail.email == "xuan-hong@example.vn"]) == 10
    service.clock.advance(hours=1)
    assert (await ask(service)).status_code == 202


async def test_an_administrator_invites_by_mail(service: Service) -> None:
    admin = service.client("district-admin")
    person = {"username": "moi", "full_name": "Lê Thị Mới", "email": "moi@example.vn"}
    ok(await admin.post("/users", json=person | {"role": "reporter", "agency": "15493"}), 201)
    issued = ok(await admin.post("/users/moi/invitation"), 201)
    assert (issued["delivery"], issued["code"]) == ("email", None)
    assert issued["expires_at"] == "2024-06-17T08:00:00+07:00"
    outbox = await send_mails(service)
    assert "Tên đăng nhập: moi" in outbox.mails[0].text.plain
    service.clock.advance(days=6)
    ok(await set_by_link(service, key_in(outbox)))
    events = "SELECT action, actor, after->>'by' FROM audit_event WHERE subject = 'users/moi'"
    assert (await list_rows(service, f"{events} ORDER BY id"))[1:] == [
        ("password_link.created", "district-admin", None),
        ("account.password_changed", "moi", "invitation"),
        ("account.signed_in", "moi", None),
    ]


async def test_who_has_no_address_is_invited_by_a_code(service: Service) -> None:
    await execute(service, "UPDATE account SET email = NULL WHERE username = 'xuan-hong'")
    admin = service.client("district-admin")
    refused = await admin.post("/users/xuan-hong/invitation", json={"delivery": "email"})
    assert problem_of(refused) == (409, "state-conflict")
    issued = ok(await admin.post("/users/xuan-hong/invitation"), 201)
    assert issued["delivery"] == "code"
    code = issued["code"]
    assert (await send_mails(service)).mails == []
    typed = f" {code.replace('-', ' ')} "
    token = ok(await set_by_code(service, " Xuan-Hong", typed))["access_token"]
    ok(await service.client(secret=token).get("/me"))
    assert problem_of(await set_by_code(service, "xuan-hong", code)) == (401, "wrong-code")


async def test_a_new_code_ends_the_one_before(service: Service) -> None:
    office = service.client("coordinator")
    first = ok(await office.post("/users/xuan-hong/reset-code"), 201)["code"]
    second = ok(await office.post("/users/xuan-hong/reset-code"), 201)["code"]
    assert (await set_by_code(service, "xuan-hong", first)).status_code == 401
    ok(await set_by_code(service, "xuan-hong", second))


async def test_a_code_lasts_a_day(service: Service) -> None:
    office = service.client("coordinator")
    issued = ok(await office.post("/users/xuan-hong/reset-code"), 201)
    assert issued["expires_at"] == "2024-06-11T08:00:00+07:00"
    service.clock.advance(days=1)
    assert (await set_by_code(service, "xuan-hong", issued["code"])).status_code == 401


@pytest.mark.parametrize("username", ["xuan-hong", "bac-luong", "no-one", "xuân"])
async def test_a_wrong_code_gets_the_same_answer_for_every_name(
    service: Service, username: str
) -> None:
    ok(await service.client("coordinator").post("/users/xuan-hong/reset-code"), 201)
    answer = await set_by_code(service, username, "00000-00000")
    assert problem_of(answer) == (401, "wrong-code")


async def test_codes_are_limited_in_tries(service: Service) -> None:
    code = ok(await service.client("coordinator").post("/users/xuan-hong/reset-code"), 201)["code"]
    wrong = "00000-00000"
    for _ in range(MOST_TRIES):
        assert (await set_by_code(service, "xuan-hong", wrong)).status_code == 401
    locked = await set_by_code(service, "xuan-hong", code)
    assert problem_of(locked) == (429, "too-many-attempts")
    assert await sign_in(service, "xuan-hong", PASSWORD) == 200
    service.clock.advance(minutes=15)
    assert (await set_by_code(service, "xuan-hong", code)).status_code == 401


async def test_a_sign_in_lockout_does_not_stop_a_code(service: Service) -> None:
    for _ in range(11):
        status = await sign_in(service, "xuan-hong", "sai")
    assert status == 429
    code = ok(await service.client("coordinator").post("/users/xuan-hong/reset-code"), 201)["code"]
    ok(await set_by_code(service, "xuan-hong", code))


ISSUERS: list[tuple[str, str, int]] = [
    ("coordinator", "xuan-hong", 201),
    ("coordinator", "agriculture", 201),
    ("coordinator", "vice-chairman", 201),
    ("coordinator", "coordinator", 403),
    ("coordinator", "district-admin", 403),
    ("coordinator", "province", 404),
    ("coordinator", "admin", 404),
    ("coordinator", "no-one", 404),
    ("district-admin", "coordinator", 201),
    ("district-admin", "xuan-hong", 201),
    ("district-admin", "district-admin", 409),
    ("district-admin", "province", 404),
    ("district-admin", "admin", 404),
    ("admin", "district-admin", 201),
    ("admin", "admin", 409),
    ("xuan-hong", "bac-luong", 403),
    ("vice-chairman", "xuan-hong", 403),
]


@pytest.mark.parametrize(("issuer", "username", "status"), ISSUERS)
async def test_a_code_is_issued_to_accounts_that_may_do_less(
    service: Service, issuer: str, username: str, status: int
) -> None:
    answer = await service.client(issuer).post(f"/users/{username}/reset-code")
    assert answer.status_code == status, answer.text


async def test_a_coordinator_resets_no_coordinator_of_a_commune(service: Service) -> None:
    body = {"username": "xa", "full_name": "X", "role": "coordinator", "agency": "15493"}
    ok(await service.client("district-admin").post("/users", json=body), 201)
    refused = await service.client("coordinator").post("/users/xa/reset-code")
    assert problem_of(refused) == (403, "forbidden")


async def test_a_code_for_a_reporter_does_not_open_an_administrators_account(
    service: Service,
) -> None:
    code = ok(await service.client("coordinator").post("/users/xuan-hong/reset-code"), 201)["code"]
    ok(await change(service.client("district-admin"), "/users/xuan-hong", {"role": "admin"}))
    assert (await set_by_code(service, "xuan-hong", code)).status_code == 401


async def test_a_locked_account_gets_no_code(service: Service) -> None:
    await execute(service, "UPDATE account SET active = false WHERE username = 'xuan-hong'")
    for path in ("/users/xuan-hong/reset-code", "/users/xuan-hong/invitation"):
        refused = await service.client("district-admin").post(path)
        assert problem_of(refused) == (409, "state-conflict")


async def test_a_link_in_a_rehearsal_says_so(service: Service) -> None:
    await ask(service)
    service.clock.offset += service.clock.now() - service.clock.now().replace(hour=7)
    [mail] = (await send_mails(service)).mails
    assert mail.text.subject == "[Diễn tập] Đặt lại mật khẩu hệ thống Tiến độ"
    assert mail.text.plain.startswith("DIỄN TẬP.")
    assert "Diễn tập." in mail.text.html


async def test_sessions_are_listed_and_the_others_ended(service: Service) -> None:
    for _ in range(2):
        assert await sign_in(service, "xuan-hong", PASSWORD) == 200
    client = service.client("xuan-hong")
    items = ok(await client.get("/me/sessions"))["items"]
    assert [item["current"] for item in items].count(True) == 1
    assert len(items) == 3
    assert (await client.delete("/me/sessions")).status_code == 204
    assert [item["current"] for item in ok(await client.get("/me/sessions"))["items"]] == [True]
    assert (await client.delete("/me/sessions")).status_code == 204
    events = "SELECT actor, after FROM audit_event WHERE action = 'account.sessions_ended'"
    assert await list_rows(service, events) == [("xuan-hong", {"sessions": 2})]
    assert (await service.client("bac-luong").get("/me")).status_code == 200
