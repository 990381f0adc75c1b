"""Schemas of sign-in, accounts and API keys."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.policy import ROLE_PERMISSIONS, Permission
from app.schemas.base import Code, Day, Flag, Input, Instant, Name, Output, Version, examples
from app.settings import MINIMUM_PASSWORD_LENGTH
from app.text.mail_address import is_mailable
from app.vocabulary import SYSTEM_ACTORS, Role, Scope

LONGEST_PASSWORD = 200


def _ensure_mailable(value: str) -> str:
    if is_mailable(value):
        return value
    raise PydanticCustomError("email", "Expected an e-mail address")


def _ensure_unique(scopes: list[Scope]) -> list[Scope]:
    if len(set(scopes)) == len(scopes):
        return scopes
    raise PydanticCustomError("not_unique", "Name each value once")


def _ensure_free(username: str) -> str:
    if username in SYSTEM_ACTORS:
        raise PydanticCustomError("reserved_name", "Reserved for the system")
    return username


Username = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,63}$"),
    AfterValidator(_ensure_free),
    Field(description="Chữ thường không dấu, số và . _ -; từ 2 đến 64 ký tự."),
]
EmailAddress = Annotated[str, AfterValidator(_ensure_mailable)]
NewPassword = Annotated[
    str, StringConstraints(min_length=MINIMUM_PASSWORD_LENGTH, max_length=LONGEST_PASSWORD)
]
Scopes = Annotated[list[Scope], Field(min_length=1), AfterValidator(_ensure_unique)]


class SignIn(Input):
    """The form of the OAuth 2 password grant. `scope` and the client's credentials are ignored."""

    model_config = examples({"username": "xuan-hong", "password": "mật khẩu của tôi"})

    username: Annotated[str, StringConstraints(max_length=200)]
    password: Annotated[str, StringConstraints(max_length=LONGEST_PASSWORD)]
    grant_type: Literal["password"] | None = None
    scope: str = ""
    client_id: str | None = None
    client_secret: str | None = None


class Token(Output):
    """An access token. Send it as `Authorization: Bearer …`."""

    model_config = examples(
        {
            "access_token": "tdt_4fJx0Zk8Qy2mB7tRw1cVn5sLh9aPd3Ge0aB1cD",
            "token_type": "bearer",
            "expires_in": 43200,
        }
    )

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a token type, not a secret
    expires_in: int = Field(description="Số giây còn hiệu lực.")


class Me(Output):
    """The account of the request, or the API key, which has `name` and `scopes` instead."""

    model_config = examples(
        {
            "username": "xuan-hong",
            "full_name": "Lê Thị Hồng",
            "email": "xuanhong@example.vn",
            "role": "reporter",
            "agency": "15493",
            "agency_name": "Xã Xuân Hồng",
            "permissions": sorted(ROLE_PERMISSIONS[Role.REPORTER]),
            "name": None,
            "scopes": None,
        }
    )

    username: str | None = Field(description="null đối với khóa API.")
    full_name: str | None
    email: str | None
    role: Role | None
    agency: str | None = Field(description="null: quản trị toàn hệ thống.")
    agency_name: str | None
    permissions: list[Permission]
    name: str | None = Field(description="Tên khóa API; null đối với người dùng.")
    scopes: list[Scope] | None


class PasswordChange(Input):
    """A change of your own password."""

    model_config = examples(
        {"current_password": "mật khẩu hiện nay", "new_password": "một câu dài dễ nhớ"}
    )

    current_password: Annotated[str, StringConstraints(max_length=LONGEST_PASSWORD)]
    new_password: NewPassword


USER = {
    "username": "xuan-hong",
    "full_name": "Lê Thị Hồng",
    "email": "xuanhong@example.vn",
    "role": "reporter",
    "agency": "15493",
}
KNOWN_USER = {
    **USER,
    "agency_name": "Xã Xuân Hồng",
    "active": True,
    "created_at": "2024-04-02T08:15:00+07:00",
    "version": 1,
}


class UserIn(Input):
    """A new account."""

    model_config = examples({**USER, "password": None})

    username: Username
    full_name: Name
    email: EmailAddress | None = None
    role: Role
    agency: Code | None = Field(
        default=None, description="Mã đơn vị; chỉ quản trị toàn hệ thống mới để trống."
    )
    password: NewPassword | None = Field(
        default=None, description="Bỏ trống thì hệ thống tạo và hiện một lần trong câu trả lời."
    )


class UserPatch(Input):
    """Changes of an account. Absent fields keep their values."""

    model_config = examples({"active": False})

    # A factory keeps the default out of the OpenAPI schema; these fields cannot be null.
    full_name: Name = Field(default_factory=str)
    email: EmailAddress | None = None
    role: Role = Field(default_factory=lambda: Role.VIEWER)
    agency: Code | None = None
    active: Flag = Field(
        default_factory=bool, description="false: khóa tài khoản và hủy ngay mọi mã truy cập."
    )
    password: NewPassword | None = Field(
        default=None, description="Mật khẩu mới; null thì hệ thống tạo và hiện một lần."
    )


class User(Output):
    """An account."""

    model_config = examples(KNOWN_USER)

    username: str
    full_name: str
    email: str | None
    role: Role
    agency: str | None
    agency_name: str | None
    active: bool
    created_at: Instant
    version: Version


class UserWithPassword(User):
    """A created or changed account."""

    model_config = examples({**KNOWN_USER, "password": "k7wm-x3dp-9hqa-t2nf"})

    password: str | None = Field(description="Mật khẩu do hệ thống tạo, chỉ hiện một lần.")


API_KEY = {
    "name": "Hệ thống báo cáo tỉnh Thanh Hóa",
    "scopes": ["reference:read", "aggregates:read"],
    "agency": "38",
    "expires_on": "2024-12-31",
}
KNOWN_API_KEY = {
    "id": 3,
    **API_KEY,
    "hint": "tdk_9aB2xQ",
    "created_at": "2024-04-02T08:15:00+07:00",
    "created_by": "admin",
    "last_used_at": None,
    "revoked_at": None,
}


class ApiKeyIn(Input):
    """A new API key for another system."""

    model_config = examples(API_KEY)

    name: Name
    scopes: Scopes
    agency: Code = Field(description="Khóa dùng được trong đơn vị này và các đơn vị bên dưới.")
    expires_on: Day | None = Field(default=None, description="Ngày cuối cùng còn dùng được.")


class ApiKey(Output):
    """An API key, without the key itself."""

    model_config = examples(KNOWN_API_KEY)

    id: int
    name: str
    hint: str = Field(description="Các ký tự đầu, để phân biệt khóa này với khóa khác.")
    scopes: list[Scope]
    agency: str
    expires_on: Day | None
    created_at: Instant
    created_by: str
    last_used_at: Instant | None
    revoked_at: Instant | None


class NewApiKey(ApiKey):
    """A created API key, with the key itself."""

    model_config = examples({**KNOWN_API_KEY, "key": "tdk_9aB2xQk8Qy2mB7tRw1cVn5sLh9aPd3Ge0aB1cD"})

    key: str = Field(description="Khóa, chỉ hiện một lần này.")
