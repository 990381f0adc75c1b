"""Common passwords are refused wherever a password is set."""

import pytest

from app.common_passwords import is_common
from tests.conftest import Service
from tests.support.accounts import PASSWORD
from tests.support.report_calls import ok

COMMON = [
    "12345678",
    "        ",
    "password",
    "Password123",
    "qwertyuiop",
    "admin123",
    "anhyeuem",
    "matkhau1",
    "xuan-hong",
    "Lê Thị Hồng",
    "lethihong",
    "xuanhong",
    "mật khẩu",
    "Mật khẩu 1",
    "a" * 200,
]
UNCOMMON = [PASSWORD, "một câu dài dễ nhớ", "mat-khau-quan-tri", "x7Qm2Vt9", "mật khẩu của tôi"]
NAMES = ("xuan-hong", "Lê Thị Hồng", None)


@pytest.mark.parametrize("password", COMMON)
def test_a_common_password_is_recognised(password: str) -> None:
    assert is_common(password, NAMES)


@pytest.mark.parametrize("password", UNCOMMON)
def test_others_are_taken(password: str) -> None:
    assert not is_common(password, NAMES)


async def test_no_route_takes_a_common_password(service: Service) -> None:
    admin, commune = service.client("admin"), service.client("xuan-hong")
    user = {"username": "nguoi-moi", "full_name": "Người Mới", "role": "viewer", "agency": "395"}
    created = await admin.post("/users", json=user | {"password": "nguoi-moi"})
    ok(await admin.post("/users", json=user | {"password": "một câu dài dễ nhớ"}), 201)
    reset = await admin.patch(
        "/users/nguoi-moi", json={"password": "12345678"}, headers={"If-Match": "*"}
    )
    body = {"current_password": PASSWORD, "new_password": "        "}
    changed = await commune.post("/me/password", json=body)
    pointers = {"/password": [created, reset], "/new_password": [changed]}
    for pointer, answers in pointers.items():
        for answer in answers:
            assert answer.status_code == 422, answer.text
            (error,) = answer.json()["errors"]
            assert (error["pointer"], error["code"]) == (pointer, "common_password")
            assert error["message"].startswith("Mật khẩu này quá phổ biến")
