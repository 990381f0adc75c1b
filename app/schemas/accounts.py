"""Schemas of sign-in, accounts and API keys."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.policy import ROLE_PERMISSIONS, Permission
from app.schemas.base import Code, Day, Flag, Input, Instant, Name, Output, Version, examples
from app.settings import MINIMUM_PASSWORD_LENGTH
from app.text.mail_address import is_mailable
from app.vocabulary import SYSTEM_ACTORS, LinkDelivery, LinkPurpose, Role, Scope

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
    Field(description="Lower-case ASCII letters, digits and . _ -; 2 to 64 characters."),
]
EmailAddress = Annotated[
    str, Field(json_schema_extra={"format": "email"}), AfterValidator(_ensure_mailable)
]
NewPassword = Annotated[
    str, StringConstraints(min_length=MINIMUM_PASSWORD_LENGTH, max_length=LONGEST_PASSWORD)
]
Scopes = Annotated[
    list[Scope],
    Field(min_length=1, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_ensure_unique),
]


class SignIn(Input):
    """The form of the OAuth 2 password grant. `scope` and the client's credentials are ignored."""

    model_config = examples({"username": "xuan-hong", "password": "mật khẩu của tôi"})

    username: Annotated[str, StringConstraints(max_length=200)] = Field(
        description="The user name."
    )
    password: Annotated[str, StringConstraints(max_length=LONGEST_PASSWORD)] = Field(
        description="The password."
    )
    grant_type: Literal["password"] | None = Field(
        default=None, description="The grant of OAuth 2."
    )
    scope: str = Field(default="", description="Ignored.")
    client_id: str | None = Field(default=None, description="Ignored.")
    client_secret: str | None = Field(default=None, description="Ignored.")


class Token(Output):
    """An access token. Send it as `Authorization: Bearer …`."""

    model_config = examples(
        {
            "access_token": "tdt_4fJx0Zk8Qy2mB7tRw1cVn5sLh9aPd3Ge0aB1cD",
            "token_type": "bearer",
            "expires_in": 43200,
            "notice": None,
        }
    )

    access_token: str = Field(description="The token.")
    token_type: Literal["bearer"] = Field(default="bearer", description="The type of the token.")
    expires_in: int = Field(description="The number of seconds for which the token is valid.")
    notice: str | None = Field(
        default=None,
        description="What the person has to know and do: the agency has ended, so the account can "
        "only read.",
    )


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
            "agency_ended_on": None,
            "notice": None,
            "permissions": sorted(ROLE_PERMISSIONS[Role.REPORTER]),
            "name": None,
            "scopes": None,
        }
    )

    username: str | None = Field(description="The user name; null for an API key.")
    full_name: str | None = Field(description="The full name of the person.")
    email: str | None = Field(description="The e-mail address; null for an API key.")
    role: Role | None = Field(description="The role; null for an API key.")
    agency: str | None = Field(description="The code of the agency; null for the whole system.")
    agency_name: str | None = Field(description="The name of the agency.")
    agency_ended_on: date | None = Field(
        description="The last day of the agency if it has ended: the account can only read."
    )
    notice: str | None = Field(description="What the person has to know and do about that.")
    permissions: list[Permission] = Field(description="The permissions.")
    name: str | None = Field(description="The name of the API key; null for a user.")
    scopes: list[Scope] | None = Field(description="The scopes of the API key.")


class OwnSession(Output):
    """One of your sessions: a valid access token."""

    model_config = examples(
        {
            "created_at": "2024-06-10T08:15:00+07:00",
            "expires_at": "2024-06-10T20:15:00+07:00",
            "current": True,
        }
    )

    created_at: Instant = Field(description="When you signed in.")
    expires_at: Instant = Field(description="Until when the session lasts.")
    current: bool = Field(description="Whether it is the session of this request.")


class OwnSessions(Output):
    """Your sessions, at most 100."""

    items: list[OwnSession] = Field(description="The sessions, the latest first.")


class ForgottenPassword(Input):
    """A request for a link to reset a password."""

    model_config = examples({"username": "xuan-hong"})

    username: Annotated[str, StringConstraints(max_length=200)] = Field(
        description="The user name."
    )


class ForgottenPasswordAnswer(Output):
    """The answer, the same for every name."""

    model_config = examples(
        {"notice": "Nếu tài khoản này đang hoạt động và có địa chỉ thư điện tử, liên kết sẽ đến."}
    )

    notice: str = Field(description="What happens next, for the person.")


class PasswordByLink(Input):
    """A password that a person sets by the link of an e-mail."""

    model_config = examples(
        {
            "token": "Xy3vT0Zk8Qy2mB7tRw1cVn5sLh9aPd3Ge0aB1cD2eF4",
            "new_password": "một câu dài dễ nhớ",
        }
    )

    token: Annotated[str, StringConstraints(max_length=200)] = Field(
        description="The key in the link."
    )
    new_password: NewPassword = Field(description="The new password.")


class PasswordByCode(Input):
    """A password that a person sets by a code."""

    model_config = examples(
        {
            "username": "xuan-hong",
            "code": "48210-93755",
            "new_password": "một câu dài dễ nhớ",
        }
    )

    username: Annotated[str, StringConstraints(max_length=200)] = Field(
        description="The user name."
    )
    code: Annotated[str, StringConstraints(max_length=50)] = Field(
        description="The code; blanks and hyphens do not matter."
    )
    new_password: NewPassword = Field(description="The new password.")


class InvitationIn(Input):
    """How a person is invited."""

    model_config = examples({"delivery": None})

    delivery: LinkDelivery | None = Field(
        default=None,
        description="By a link in an e-mail or a code to print; null: by e-mail if the account "
        "has an address.",
    )


class IssuedLink(Output):
    """A link or code by which a person sets the password."""

    model_config = examples(
        {
            "username": "xuan-hong",
            "full_name": "Lê Thị Hồng",
            "email": None,
            "purpose": "invitation",
            "delivery": "code",
            "expires_at": "2024-06-17T08:15:00+07:00",
            "code": "48210-93755",
        }
    )

    username: str = Field(description="The user name.")
    full_name: str = Field(description="The full name of the person.")
    email: str | None = Field(description="The e-mail address.")
    purpose: LinkPurpose = Field(description="Whether it is an invitation or a reset.")
    delivery: LinkDelivery = Field(description="Whether it is a link by e-mail or a code.")
    expires_at: Instant = Field(description="Until when it can be used.")
    code: str | None = Field(description="The code, shown only this once; null for a link.")


class PasswordChange(Input):
    """A change of your own password."""

    model_config = examples(
        {"current_password": "mật khẩu hiện nay", "new_password": "một câu dài dễ nhớ"}
    )

    current_password: Annotated[str, StringConstraints(max_length=LONGEST_PASSWORD)] = Field(
        description="The current password."
    )
    new_password: NewPassword = Field(description="The new password.")


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
    full_name: Name = Field(description="The full name of the person.")
    email: EmailAddress | None = Field(default=None, description="The e-mail address.")
    role: Role = Field(description="The role.")
    agency: Code | None = Field(
        default=None,
        description="The code of the agency; null only for an administrator of the whole system.",
    )
    password: NewPassword | None = Field(
        default=None, description="Without it one is generated and shown once, in the answer."
    )


class UserPatch(Input):
    """Changes of an account. Absent fields keep their values."""

    model_config = examples({"active": False})

    # A factory keeps the default out of the OpenAPI schema; these fields cannot be null.
    full_name: Name = Field(default_factory=str, description="The full name of the person.")
    email: EmailAddress | None = Field(default=None, description="The e-mail address.")
    role: Role = Field(default_factory=lambda: Role.VIEWER, description="The role.")
    agency: Code | None = Field(default=None, description="The code of the agency.")
    active: Flag = Field(
        default_factory=bool,
        description="false: the account is locked and its access tokens end at once.",
    )
    password: NewPassword | None = Field(
        default=None, description="The new password; null: one is generated and shown once."
    )


class User(Output):
    """An account."""

    model_config = examples(KNOWN_USER)

    username: str = Field(description="The user name.")
    full_name: str = Field(description="The full name of the person.")
    email: str | None = Field(description="The e-mail address.")
    role: Role = Field(description="The role.")
    agency: str | None = Field(description="The code of the agency.")
    agency_name: str | None = Field(description="The name of the agency.")
    active: bool = Field(description="Whether the account can sign in.")
    created_at: Instant = Field(description="When it was created.")
    version: Version


class UserWithPassword(User):
    """A created or changed account."""

    model_config = examples({**KNOWN_USER, "password": "k7wm-x3dp-9hqa-t2nf"})

    password: str | None = Field(
        description="The generated password, shown once; null if the request gave one."
    )


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

    name: Name = Field(description="The name.")
    scopes: Scopes = Field(description="The scopes of the API key.")
    agency: Code = Field(description="The agency at and below which the key works.")
    expires_on: Day | None = Field(default=None, description="The last day on which the key works.")


class ApiKey(Output):
    """An API key, without the key itself."""

    model_config = examples(KNOWN_API_KEY)

    id: int = Field(description="The identifier.")
    name: str = Field(description="The name.")
    hint: str = Field(description="The first characters, which tell keys apart.")
    scopes: list[Scope] = Field(description="The scopes of the API key.")
    agency: str = Field(description="The code of the agency.")
    expires_on: Day | None = Field(description="The last day on which it works.")
    created_at: Instant = Field(description="When it was created.")
    created_by: str = Field(description="The user name of the creator.")
    last_used_at: Instant | None = Field(description="When it was last used.")
    revoked_at: Instant | None = Field(description="When it was revoked; null: it is valid.")


class NewApiKey(ApiKey):
    """A created API key, with the key itself."""

    model_config = examples({**KNOWN_API_KEY, "key": "tdk_9aB2xQk8Qy2mB7tRw1cVn5sLh9aPd3Ge0aB1cD"})

    key: str = Field(description="The key, shown only this once.")
