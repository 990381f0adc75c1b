"""Administration of accounts."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.errors import StateConflict
from app.models.accounts import Account
from app.models.audit_events import AuditEvent
from app.server.operating import OPERATOR
from app.services.accounts import accounts
from app.services.audit.action import Action
from tests.conftest import Service
from tests.support.accounts import PASSWORD, PEOPLE

SON = {
    "username": "tho-son",
    "full_name": "Nguyễn Thọ Sơn",
    "email": "son@example.vn",
    "role": "reporter",
    "agency": "15502",
}


async def sign_in(service: Service, username: str, password: str) -> httpx.Response:
    form = {"username": username, "password": password}
    return await service.client().post("/auth/token", data=form)


async def change(client: httpx.AsyncClient, username: str, body: dict[str, Any]) -> httpx.Response:
    version = (await client.get(f"/users/{username}")).headers.get("ETag", '"1"')
    return await client.patch(f"/users/{username}", json=body, headers={"If-Match": version})


async def test_a_generated_password_is_shown_once_and_works(service: Service) -> None:
    admin = service.client("district-admin")
    answer = await admin.post("/users", json=SON)
    assert answer.status_code == 201, answer.text
    created = answer.json()
    password = created.pop("password")
    assert created == {
        **SON,
        "agency_name": created["agency_name"],
        "active": True,
        "created_at": "2024-06-10T08:00:00+07:00",
        "version": 1,
    }
    assert answer.headers["ETag"] == '"1"'
    read = await admin.get("/users/tho-son")
    assert read.json() == created
    assert read.headers["ETag"] == '"1"'
    assert (await sign_in(service, "tho-son", password)).status_code == 200


async def test_a_chosen_password_is_not_returned(service: Service) -> None:
    chosen = "mật khẩu tự chọn"
    answer = await service.client("admin").post("/users", json={**SON, "password": chosen})
    assert answer.json()["password"] is None
    assert chosen not in answer.text
    assert (await sign_in(service, "tho-son", chosen)).status_code == 200


@pytest.mark.parametrize(
    ("fault", "pointer", "code"),
    [
        ({"username": "Sơn"}, "/username", "string_pattern_mismatch"),
        ({"username": "son\n"}, "/username", "string_pattern_mismatch"),
        ({"username": "s"}, "/username", "string_pattern_mismatch"),
        ({"full_name": "  "}, "/full_name", "string_too_short"),
        ({"email": "son"}, "/email", "email"),
        ({"email": "son@example"}, "/email", "email"),
        ({"email": "son@example.vn, other@example.vn"}, "/email", "email"),
        ({"email": "người@example.vn"}, "/email", "email"),
        ({"email": "a..b@example.vn"}, "/email", "email"),
        ({"role": "king"}, "/role", "enum"),
        ({"agency": None}, "/agency", "agency_needed"),
        ({"agency": "99999"}, "/agency", "unknown_agency"),
        ({"agency": "38"}, "/agency", "unknown_agency"),
        ({"agency": None, "role": "admin"}, "/agency", "above_reach"),
        ({"password": "ngắn"}, "/password", "string_too_short"),
        ({"is_root": True}, "/is_root", "extra_forbidden"),
    ],
)
async def test_an_invalid_account_or_one_beyond_reach_is_rejected(
    service: Service, fault: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await service.client("district-admin").post("/users", json={**SON, **fault})
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


async def test_an_admin_of_the_whole_system_creates_another(service: Service) -> None:
    root = {**SON, "role": "admin", "agency": None}
    assert (await service.client("admin").post("/users", json=root)).status_code == 201


async def test_a_user_name_is_unique_even_among_accounts_beyond_reach(service: Service) -> None:
    answer = await service.client("district-admin").post(
        "/users", json={**SON, "username": "province"}
    )
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/already-exists"


async def test_an_admin_sees_the_accounts_of_its_subtree(service: Service) -> None:
    all_users = (await service.client("admin").get("/users")).json()["items"]
    assert [user["username"] for user in all_users] == sorted(PEOPLE)
    below = (await service.client("district-admin").get("/users")).json()["items"]
    assert {user["username"] for user in below} == set(PEOPLE) - {"province", "admin"}
    for name in ("province", "admin", "nobody", "x" * 300):
        answer = await service.client("district-admin").get(f"/users/{name}")
        assert answer.status_code == 404, name


@pytest.mark.parametrize(
    ("query", "usernames"),
    [
        ("role=coordinator", {"coordinator"}),
        ("agency=15493", {"xuan-hong"}),
        ("agency=395&role=viewer", {"vice-chairman"}),
        ("active=false", set()),
        ("agency=99999", set()),
    ],
)
async def test_accounts_are_filtered_by_role_agency_and_status(
    service: Service, query: str, usernames: set[str]
) -> None:
    answer = await service.client("admin").get(f"/users?{query}")
    assert {user["username"] for user in answer.json()["items"]} == usernames


async def test_the_list_is_paginated(service: Service) -> None:
    client = service.client("admin")
    names: list[str] = []
    cursor = ""
    while True:
        page = (await client.get(f"/users?limit=3{cursor}")).json()
        assert len(page["items"]) <= 3
        names += [user["username"] for user in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert names == sorted(PEOPLE)


async def test_deactivating_an_account_revokes_its_tokens(service: Service) -> None:
    admin = service.client("district-admin")
    answer = await change(admin, "xuan-hong", {"active": False})
    assert answer.status_code == 200
    assert answer.json()["active"] is False
    assert answer.json()["password"] is None
    assert answer.headers["ETag"] == '"2"'
    assert (await service.client("xuan-hong").get("/me")).status_code == 401
    assert (await sign_in(service, "xuan-hong", PASSWORD)).status_code == 401

    assert (await change(admin, "xuan-hong", {"active": True})).status_code == 200
    assert (await service.client("xuan-hong").get("/me")).status_code == 401  # still revoked
    assert (await sign_in(service, "xuan-hong", PASSWORD)).status_code == 200


async def test_a_reset_sets_a_generated_or_chosen_password_and_revokes_tokens(
    service: Service,
) -> None:
    admin = service.client("district-admin")
    generated = (await change(admin, "xuan-hong", {"password": None})).json()["password"]
    assert (await service.client("xuan-hong").get("/me")).status_code == 401
    assert (await sign_in(service, "xuan-hong", PASSWORD)).status_code == 401
    assert (await sign_in(service, "xuan-hong", generated)).status_code == 200

    chosen = "mật khẩu tự chọn"
    answer = await change(admin, "xuan-hong", {"password": chosen})
    assert answer.json()["password"] is None
    assert (await sign_in(service, "xuan-hong", generated)).status_code == 401
    assert (await sign_in(service, "xuan-hong", chosen)).status_code == 200


async def test_an_account_moves_only_within_reach(service: Service) -> None:
    admin = service.client("district-admin")
    moved = await change(admin, "xuan-hong", {"agency": "15502", "role": "viewer"})
    assert (moved.json()["agency"], moved.json()["role"]) == ("15502", "viewer")
    rejected: list[tuple[dict[str, Any], str]] = [
        ({"agency": "38"}, "unknown_agency"),
        ({"agency": None}, "agency_needed"),
        ({"agency": None, "role": "admin"}, "above_reach"),
    ]
    for body, code in rejected:
        answer = await change(admin, "xuan-hong", body)
        assert answer.status_code == 422, body
        assert answer.json()["errors"][0]["code"] == code
    system_admin = service.client("admin")
    promoted = await change(system_admin, "xuan-hong", {"agency": None, "role": "admin"})
    assert (promoted.status_code, promoted.json()["agency"]) == (200, None)
    demoted = await change(system_admin, "xuan-hong", {"role": "reporter"})
    assert demoted.json()["errors"][0]["code"] == "agency_needed"


@pytest.mark.parametrize(
    "body", [{"role": "viewer"}, {"agency": "395"}, {"active": False}, {"password": None}]
)
@pytest.mark.parametrize("person", ["admin", "district-admin"])
async def test_admins_cannot_change_their_own_role_agency_status_or_password(
    service: Service, person: str, body: dict[str, Any]
) -> None:
    answer = await change(service.client(person), person, body)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/state-conflict"


async def admin_at(service: Service, agency: str) -> httpx.AsyncClient:
    """A client of a new admin of the subtree of an agency."""
    account = {**SON, "username": "admin-below", "role": "admin", "agency": agency}
    created = await service.client("admin").post("/users", json={**account, "password": PASSWORD})
    assert created.status_code == 201, created.text
    token = (await sign_in(service, "admin-below", PASSWORD)).json()["access_token"]
    return service.client(secret=token)


@pytest.mark.parametrize(
    "body", [{"active": False}, {"role": "viewer", "agency": "395"}, {"agency": "395"}]
)
async def test_two_admins_of_the_whole_system_cannot_demote_each_other(
    service: Service, body: dict[str, Any]
) -> None:
    first = service.client("admin")
    account = {**SON, "role": "admin", "agency": None, "password": PASSWORD}
    assert (await first.post("/users", json=account)).status_code == 201
    token = (await sign_in(service, "tho-son", PASSWORD)).json()["access_token"]
    second = service.client(secret=token)
    tag = {"If-Match": '"1"'}
    answers = await asyncio.gather(
        first.patch("/users/tho-son", json=body, headers=tag),
        second.patch("/users/admin", json=body, headers=tag),
    )
    async with service.database.reading() as session:
        query = select(Account.username).where(Account.agency_id.is_(None), Account.active)
        remaining = list(await session.scalars(query))
    assert len(remaining) == 1
    # The slower request is rejected, or its admin has already lost the token or permission.
    lower, higher = sorted(answer.status_code for answer in answers)
    assert (lower, higher in {401, 403, 409}) == (200, True)


async def test_the_last_admin_of_the_whole_system_cannot_be_deactivated(service: Service) -> None:
    """The command line may change any account, with this exception."""
    async with service.database.transaction() as session:
        action = Action(OPERATOR, service.clock.now())
        with pytest.raises(StateConflict):
            await accounts.change(
                session, action, "admin", {"active": False}, check_version=lambda _: None
            )


async def test_a_commune_has_its_own_coordinators(service: Service) -> None:
    admin = await admin_at(service, "15502")
    answer = await admin.post("/users", json={**SON, "role": "coordinator"})
    assert answer.status_code == 201, answer.text


async def test_only_an_admin_of_the_area_assigns_the_role_coordinator(service: Service) -> None:
    agency = "395-LDTBXH"
    below = await admin_at(service, agency)
    account = {**SON, "role": "coordinator", "agency": agency}
    answer = await below.post("/users", json=account)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["code"] == "beyond_reach"
    assert (await below.post("/users", json={**account, "role": "viewer"})).status_code == 201
    raised = await change(below, "tho-son", {"role": "coordinator"})
    assert [error["pointer"] for error in raised.json()["errors"]] == ["/role"]

    district = service.client("district-admin")
    assert (await change(district, "tho-son", {"role": "coordinator"})).status_code == 200
    for body in ({"password": PASSWORD}, {"active": False}, {"email": None}, {"role": "viewer"}):
        answer = await change(below, "tho-son", body)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found"), body
    assert (await change(district, "tho-son", {"password": None})).status_code == 200


async def test_admins_can_change_their_own_name(service: Service) -> None:
    answer = await change(service.client("admin"), "admin", {"full_name": "Quản trị"})
    assert (answer.status_code, answer.json()["full_name"]) == (200, "Quản trị")


async def test_a_change_requires_the_current_version(service: Service) -> None:
    admin = service.client("district-admin")
    body = {"full_name": "Lê Thị Hồng"}
    assert (await admin.patch("/users/xuan-hong", json=body)).status_code == 428
    stale = await admin.patch("/users/xuan-hong", json=body, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    assert (await change(admin, "xuan-hong", body)).status_code == 200
    beyond_reach = await change(admin, "province", body)
    assert beyond_reach.status_code == 404


@pytest.mark.parametrize("body", [{"full_name": None}, {"role": None}, {"active": None}])
async def test_required_fields_cannot_be_null(service: Service, body: dict[str, Any]) -> None:
    answer = await change(service.client("admin"), "xuan-hong", body)
    assert answer.status_code == 422


async def test_an_email_address_can_be_removed(service: Service) -> None:
    answer = await change(service.client("admin"), "xuan-hong", {"email": None})
    assert (answer.status_code, answer.json()["email"]) == (200, None)


async def test_a_change_to_equal_values_keeps_the_version(service: Service) -> None:
    answer = await change(service.client("admin"), "xuan-hong", {"full_name": "Xuan Hong"})
    assert answer.headers["ETag"] == '"1"'


async def test_audit_events_of_accounts_contain_no_secrets(service: Service) -> None:
    admin = service.client("district-admin")
    await admin.post("/users", json={**SON, "password": "mật khẩu tự chọn"})
    await change(admin, "tho-son", {"active": False, "password": "mật khẩu khác nữa"})
    async with service.database.reading() as session:
        query = select(AuditEvent).where(AuditEvent.subject == "users/tho-son")
        created, changed = (await session.scalars(query.order_by(AuditEvent.id))).all()
    assert (created.action, created.actor) == ("account.created", "district-admin")
    assert created.after == {name: SON[name] for name in SON if name != "username"}
    assert (changed.action, changed.before) == ("account.changed", {"active": True})
    assert changed.after == {"active": False, "password": "reset"}
    assert created.agency_id == changed.agency_id is not None


@pytest.mark.parametrize("person", ["xuan-hong", "coordinator", "vice-chairman", "province"])
async def test_only_admins_manage_accounts(service: Service, person: str) -> None:
    client = service.client(person)
    assert (await client.get("/users")).status_code == 403
    assert (await client.get("/users/xuan-hong")).status_code == 403
    assert (await client.post("/users", json=SON)).status_code == 403
    answer = await client.patch("/users/xuan-hong", json={}, headers={"If-Match": '"1"'})
    assert answer.status_code == 403
