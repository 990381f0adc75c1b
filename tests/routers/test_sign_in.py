"""Sign-in, sign-out, and the principal's own profile and password."""

import asyncio
import statistics
import time
import unicodedata
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.models.accounts import AccessToken, Account
from app.models.audit_events import AuditEvent
from app.security import digest
from app.server import serving
from app.settings import Settings
from tests.conftest import Service
from tests.support.accounts import PASSWORD

NEW_PASSWORD = "một câu dài dễ nhớ"


async def sign_in(
    service: Service, username: str, password: str = PASSWORD, **more: str
) -> httpx.Response:
    form = {"username": username, "password": password, **more}
    return await service.client().post("/auth/token", data=form)


async def token_for(service: Service, username: str) -> str:
    answer = await sign_in(service, username)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


async def events(service: Service, action: str) -> list[AuditEvent]:
    async with service.database.reading() as session:
        query = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
        return list((await session.scalars(query)).all())


async def test_a_token_gives_access_until_sign_out(service: Service) -> None:
    answer = await sign_in(service, "xuan-hong", grant_type="password", scope="")
    assert answer.status_code == 200
    token = answer.json()
    assert token["token_type"] == "bearer"
    assert token["expires_in"] == 12 * 3600
    assert answer.headers["Cache-Control"] == "no-store"

    client = service.client(secret=token["access_token"])
    me = (await client.get("/me")).json()
    assert me == {
        "username": "xuan-hong",
        "full_name": "Xuan Hong",
        "email": "xuan-hong@example.vn",
        "role": "reporter",
        "agency": "15493",
        "agency_name": me["agency_name"],
        "agency_ended_on": None,
        "notice": None,
        "permissions": me["permissions"],
        "name": None,
        "scopes": None,
    }
    assert "Xuân Hồng" in me["agency_name"]
    assert "reports:write" in me["permissions"]
    assert "accounts:manage" not in me["permissions"]

    assert (await client.post("/auth/logout")).status_code == 204
    assert (await client.get("/me")).status_code == 401


async def test_the_admin_of_the_whole_system_has_no_agency(service: Service) -> None:
    me = (await service.client("admin").get("/me")).json()
    assert (me["role"], me["agency"], me["agency_name"]) == ("admin", None, None)


async def test_a_token_expires(service: Service) -> None:
    client = service.client(secret=await token_for(service, "coordinator"))
    service.clock.advance(hours=12, seconds=-1)
    assert (await client.get("/me")).status_code == 200
    service.clock.advance(seconds=1)
    assert (await client.get("/me")).status_code == 401


async def test_sign_in_deletes_expired_tokens_of_the_account(service: Service) -> None:
    old = await token_for(service, "coordinator")
    service.clock.advance(hours=13)
    await token_for(service, "coordinator")
    async with service.database.reading() as session:
        assert await session.get(AccessToken, digest(old)) is None


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("xuan-hong", "another password"),
        ("nobody", PASSWORD),
        ("xuan-hong", " "),
        (" ", PASSWORD),
        ("xuan-hong\x00", PASSWORD),
        ("xuan-hong", PASSWORD + "\x00"),
        ("xuan-hong", "\x00"),
        ("xuân-hồng", PASSWORD),
        ("'; DROP TABLE account; --", PASSWORD),
    ],
)
async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(
    service: Service, username: str, password: str
) -> None:
    answer = await sign_in(service, username, password)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json() == {
        "type": "/problems/wrong-password",
        "title": "Đăng nhập không thành công",
        "status": 401,
        "detail": "Tên đăng nhập hoặc mật khẩu không đúng.",
    }


async def test_an_inactive_account_gets_the_same_answer_as_a_wrong_password(
    service: Service,
) -> None:
    async with service.database.transaction() as session:
        account = await session.scalar(select(Account).where(Account.username == "bac-luong"))
        assert account is not None
        account.active = False
    answer = await sign_in(service, "bac-luong")
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/wrong-password"


@pytest.mark.parametrize(
    ("body", "media_type", "status", "pointers"),
    [
        (b"", "application/x-www-form-urlencoded", 422, {"/username", "/password"}),
        (b"username=xuan-hong", "application/x-www-form-urlencoded", 422, {"/password"}),
        (b"username=a&username=b&password=c", "application/x-www-form-urlencoded", 422, None),
        (b"username=a&password=b&grant_type=code", "application/x-www-form-urlencoded", 422, None),
        (b"username=a&password=b&x=1", "application/x-www-form-urlencoded", 422, {"/x"}),
        (b"username=a&password=" + b"b" * 300, "application/x-www-form-urlencoded", 422, None),
        (b"username=%ED%A0%80&password=%ED%A0%80", "application/x-www-form-urlencoded", 401, None),
        (b"username=%FF%00&password=%FF%00", "application/x-www-form-urlencoded", 401, None),
        (
            b"username=&password=",
            "application/x-www-form-urlencoded",
            422,
            {"/username", "/password"},
        ),
        (b"a=1&" * 2000, "application/x-www-form-urlencoded", 400, None),
        (b'{"username": "a", "password": "b"}', "application/json", 415, None),
        (b"--x\r\n", "multipart/form-data; boundary=x", 415, None),
        (b"--x\r\n", "multipart/form-data", 415, None),
    ],
)
async def test_an_invalid_form_gets_a_problem_document(
    service: Service, body: bytes, media_type: str, status: int, pointers: set[str] | None
) -> None:
    answer = await service.client().post(
        "/auth/token", content=body, headers={"Content-Type": media_type}
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    if pointers is not None:
        assert {error["pointer"] for error in answer.json()["errors"]} == pointers


async def test_unicode_form_of_the_password_and_case_of_the_name_do_not_matter(
    service: Service,
) -> None:
    decomposed = unicodedata.normalize("NFD", PASSWORD)
    assert decomposed != PASSWORD
    answer = await sign_in(service, " Xuan-Hong ", decomposed)
    assert answer.status_code == 200


async def test_failures_of_a_name_are_limited_and_successes_are_not_counted(
    service: Service,
) -> None:
    for _ in range(12):
        await token_for(service, "coordinator")
    for _ in range(10):
        assert (await sign_in(service, "coordinator", "wrong")).status_code == 401
    limited = await sign_in(service, "coordinator")  # even with the right password
    assert limited.status_code == 429
    assert limited.json()["type"] == "/problems/too-many-attempts"
    assert 0 < int(limited.headers["Retry-After"]) <= 15 * 60
    assert (await sign_in(service, "Coordinator ")).status_code == 429  # the same name
    assert (await sign_in(service, "xuan-hong")).status_code == 200


async def test_concurrent_failures_count_toward_the_limit(service: Service) -> None:
    answers = await asyncio.gather(*(sign_in(service, "province", "wrong") for _ in range(15)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [401] * 10 + [429] * 5


async def test_sign_in_and_failures_are_recorded(service: Service) -> None:
    await token_for(service, "xuan-hong")
    await sign_in(service, "xuan-hong", "wrong")
    await sign_in(service, "Tr0ub4dor&3", "typed the password where the name belongs")

    (signed_in,) = await events(service, "account.signed_in")
    assert (signed_in.actor, signed_in.subject) == ("xuan-hong", "users/xuan-hong")
    assert signed_in.agency_id is not None
    assert signed_in.origin == "127.0.0.1"
    refused, unknown = await events(service, "account.sign_in_refused")
    assert (refused.subject, refused.agency_id) == ("users/xuan-hong", signed_in.agency_id)
    assert (unknown.actor, unknown.subject, unknown.agency_id) == ("?", "users/?", None)


@pytest.mark.parametrize(
    ("proxies", "peer", "origin"),
    [
        ("", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", "203.0.113.7"),
        ("10.0.0.0/8 127.0.0.1", "10.1.2.3", "203.0.113.7"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
    ],
)
async def test_the_origin_is_the_address_that_a_trusted_proxy_forwards(
    service: Service, proxies: str, peer: str, origin: str
) -> None:
    async with behind(service, proxies, peer) as client:
        assert (await fail(client)).status_code == 401
    assert (await events(service, "account.sign_in_refused"))[0].origin == origin


async def test_failures_behind_a_trusted_proxy_do_not_limit_other_addresses(
    service: Service,
) -> None:
    async with behind(service, "127.0.0.1", "127.0.0.1") as client:
        answers = [await fail(client) for _ in range(11)]
    assert answers[-1].status_code == 429
    assert (await sign_in(service, "xuan-hong")).status_code == 200


def behind(service: Service, proxies: str, peer: str) -> httpx.AsyncClient:
    """A client behind a proxy at the address `peer`, with `proxies` as the trusted ones."""
    settings = Settings.model_validate({"trusted_proxies": proxies})
    config = serving.server_config(service.app, settings)
    config.load()
    transport = httpx.ASGITransport(config.loaded_app, client=(peer, 1234))
    # The proxy appends the last entry; the client may have forged those before it.
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    return httpx.AsyncClient(transport=transport, base_url="http://test/api/v1", headers=headers)


async def fail(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/auth/token", data={"username": "xuan-hong", "password": "wrong"})


async def test_an_unknown_name_takes_as_long_as_a_known_one(service: Service) -> None:
    async def seconds(username: str) -> float:
        start = time.perf_counter()
        assert (await sign_in(service, username, "wrong")).status_code == 401
        return time.perf_counter() - start

    await seconds("warm-up")
    known, unknown = [], []
    for name in ("province", "coordinator", "vice-chairman"):
        for number in range(3):
            known.append(await seconds(name))
            unknown.append(await seconds(f"nobody-{number}"))
    ratio = statistics.median(unknown) / statistics.median(known)
    assert 0.4 < ratio < 2.5  # 0.1 if no hash were computed for unknown names


async def test_a_password_change_revokes_other_tokens(
    service: Service,
) -> None:
    here, elsewhere = [await token_for(service, "xuan-hong") for _ in range(2)]
    client = service.client(secret=here)
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (await client.post("/me/password", json=change)).status_code == 204

    assert (await client.get("/me")).status_code == 200
    assert (await service.client(secret=elsewhere).get("/me")).status_code == 401
    assert (await service.client("xuan-hong").get("/me")).status_code == 401
    assert (await sign_in(service, "xuan-hong")).status_code == 401
    assert (await sign_in(service, "xuan-hong", NEW_PASSWORD)).status_code == 200
    (event,) = await events(service, "account.password_changed")
    assert (event.actor, event.before, event.after) == ("xuan-hong", None, None)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"current_password": "no", "new_password": NEW_PASSWORD}, "/current_password", None),
        (
            {"current_password": PASSWORD, "new_password": "ngắn"},
            "/new_password",
            "string_too_short",
        ),
        (
            {"current_password": PASSWORD, "new_password": "x" * 1000},
            "/new_password",
            "string_too_long",
        ),
        ({"new_password": NEW_PASSWORD}, "/current_password", "missing"),
    ],
)
async def test_a_password_change_requires_the_old_password_and_a_valid_new_one(
    service: Service, change: dict[str, Any], pointer: str, code: str | None
) -> None:
    answer = await service.client("xuan-hong").post("/me/password", json=change)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code or "wrong_password")
    assert (await sign_in(service, "xuan-hong")).status_code == 200


async def test_wrong_current_passwords_are_limited(service: Service) -> None:
    client = service.client("xuan-hong")
    guess = {"current_password": "guess", "new_password": NEW_PASSWORD}
    for _ in range(10):
        assert (await client.post("/me/password", json=guess)).status_code == 422
    assert (await client.post("/me/password", json=guess)).status_code == 429


@pytest.mark.parametrize("secret", [None, "", "tdt_x", "not a token", "tdt_" + "a" * 38])
async def test_an_invalid_token_is_unauthenticated(service: Service, secret: str | None) -> None:
    answer = await service.client(secret=secret).get("/me")
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/unauthenticated"
