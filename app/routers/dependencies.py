"""The dependencies of routes: sessions, the current instant, principals and actions."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request, Security
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from pydantic import BeforeValidator, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock, local_day
from app.db.database import Database
from app.db.driver import Driver
from app.db.pagination import DEFAULT_LIMIT, LARGEST_LIMIT
from app.errors import (
    AgencyEnded,
    Forbidden,
    PreconditionRequired,
    SeveralCredentials,
    Stale,
    Unauthenticated,
)
from app.http.headers import combined, etag, lists_tag, preferred_language
from app.policy import Permission, Principal, permissions_of
from app.schemas.base import Day
from app.services.accounts import principals
from app.services.audit.action import Action
from app.services.audit.changes import VersionCheck
from app.services.periods.obligations import ReportKey
from app.settings import Settings
from app.text import terms
from app.text.writing import Language

bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    auto_error=False,
    scheme_name="token",
    description="The access token of a user (POST /auth/token), or an API key.",
)
key_header = APIKeyHeader(
    name="X-API-Key",
    auto_error=False,
    scheme_name="key",
    description="The API key of another system.",
)


def database_of(request: Request) -> Database:
    """The application's database."""
    database: Database = request.app.state.database
    return database


def clock_of(request: Request) -> Clock:
    """The application's clock."""
    clock: Clock = request.app.state.clock
    return clock


# All dependencies are asynchronous: FastAPI runs a synchronous one in a thread, which costs more
# than its work.


async def settings_of(request: Request) -> Settings:
    """The application's settings."""
    settings: Settings = request.app.state.settings
    return settings


async def clock(request: Request) -> Clock:
    """The application's clock."""
    return clock_of(request)


async def now(request: Request) -> datetime:
    """The current instant by the application's clock."""
    return clock_of(request).now()


async def reading(request: Request) -> AsyncIterator[AsyncSession]:
    """A read session, in autocommit mode."""
    async with database_of(request).reading() as session:
        yield session


async def writing(request: Request) -> AsyncIterator[AsyncSession]:
    """A transaction, committed before the response is sent and rolled back by any exception."""
    async with database_of(request).transaction() as session:
        yield session


async def driver(request: Request) -> Driver:
    """The direct driver, for the most frequent reads, drafts and submissions."""
    return database_of(request).driver


async def language(request: Request) -> Language:
    """The language of the answer's texts."""
    return preferred_language(request)


Now = Annotated[datetime, Depends(now)]
ServiceClock = Annotated[Clock, Depends(clock)]
ServiceSettings = Annotated[Settings, Depends(settings_of)]
DirectDriver = Annotated[Driver, Depends(driver)]
AnswerLanguage = Annotated[Language, Depends(language)]
# The scope "function" commits before the response is sent: a commit can fail.
ReadSession = Annotated[AsyncSession, Depends(reading, scope="function")]
WriteSession = Annotated[AsyncSession, Depends(writing, scope="function")]
Token = Annotated[str | None, Security(bearer)]
Key = Annotated[str | None, Security(key_header)]


async def presented(request: Request, token: Token, key: Key) -> str:
    """The token or key that came with the request; empty without one.

    Raises:
        SeveralCredentials: there is more than one, of which a proxy or a log could pick another.
    """
    is_repeated = any(
        len(request.headers.getlist(name)) > 1 for name in ("Authorization", "X-API-Key")
    )
    if is_repeated or (token and key):
        raise SeveralCredentials
    return token or key or ""


Presented = Annotated[str, Depends(presented)]


async def ensure_no_credential_in_headers(request: Request, token: Token, key: Key) -> None:
    """Ensure that the secret in the address is the request's only credential.

    Raises:
        SeveralCredentials: the headers have a token or key too.
    """
    if await presented(request, token, key):
        raise SeveralCredentials


PRINCIPAL = "tiendo.principal"
"""Key in a request's scope: the principal, and the instant of its authentication."""
REAUTHENTICATE_AFTER = timedelta(seconds=1)
"""A body can take longer to arrive. Credentials that end meanwhile must not authorise a write."""


class Requires:
    """The dependency of a route that needs `permission`; gives the principal."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def admit(self, request: Request) -> None:
        """Authenticate the request before its body is read (`Guard`); raises as a call."""
        secret = await presented(request, await bearer(request), await key_header(request))
        self._ensure_permitted(await _authenticate(request, secret))

    async def __call__(self, request: Request, token: Token, key: Key) -> Principal:
        """The principal of the request.

        Raises:
            SeveralCredentials: more than one token or key.
            Unauthenticated: no credentials, or unknown or expired ones.
            Forbidden: the principal does not have the permission.
            AgencyEnded: it has lost it with the end of its agency.
        """
        known: tuple[Principal, datetime] | None = request.scope.get(PRINCIPAL)
        if known is None or clock_of(request).now() - known[1] > REAUTHENTICATE_AFTER:
            principal = await _authenticate(request, await presented(request, token, key))
        else:
            principal = known[0]
        self._ensure_permitted(principal)
        return principal

    def _ensure_permitted(self, principal: Principal) -> None:
        if self.permission in principal.permissions:
            return
        if principal.agency_ended and self.permission in permissions_of(principal.role, []):
            raise AgencyEnded
        raise Forbidden(terms.OPERATION[self.permission], self.permission.value)


async def _authenticate(request: Request, secret: str) -> Principal:
    """The principal of a token or key, which the request keeps in its scope."""
    now = clock_of(request).now()
    principal = await principals.authenticate(database_of(request).driver, secret, now)
    if principal is None:
        raise Unauthenticated
    request.scope[PRINCIPAL] = principal, now
    return principal


class Acts:
    """The dependency of a route that writes and needs `permission`; gives the write's context."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission
        self._principal = Requires(permission)

    async def admit(self, request: Request) -> None:
        """Authenticate the request before its body is read (`Guard`); raises as `Requires`."""
        await self._principal.admit(request)

    async def __call__(self, request: Request, token: Token, key: Key) -> Action:
        """The principal, the instant and the network address of the request.

        Raises as `Requires`.
        """
        principal = await self._principal(request, token, key)
        origin = request.client.host if request.client else None
        return Action(principal, clock_of(request).now(), origin)


P = Permission
SelfReader = Annotated[Principal, Depends(Requires(P.SELF))]
PersonReader = Annotated[Principal, Depends(Requires(P.SELF_WRITE))]
"""A person: API keys have no sessions, no messages and no channels."""
SelfAction = Annotated[Action, Depends(Acts(P.SELF_WRITE))]
ReferenceReader = Annotated[Principal, Depends(Requires(P.REFERENCE_READ))]
PeriodsReader = Annotated[Principal, Depends(Requires(P.PERIODS_READ))]
ReferenceAction = Annotated[Action, Depends(Acts(P.REFERENCE_WRITE))]
PeriodsAction = Annotated[Action, Depends(Acts(P.PERIODS_MANAGE))]
ObligationsReader = Annotated[Principal, Depends(Requires(P.OBLIGATIONS_READ))]
ObligationsAction = Annotated[Action, Depends(Acts(P.OBLIGATIONS_MANAGE))]
ReportsReader = Annotated[Principal, Depends(Requires(P.REPORTS_READ))]
ReportsAction = Annotated[Action, Depends(Acts(P.REPORTS_WRITE))]
ReviewAction = Annotated[Action, Depends(Acts(P.REPORTS_REVIEW))]
AggregatesReader = Annotated[Principal, Depends(Requires(P.AGGREGATES_READ))]
SentReader = Annotated[Principal, Depends(Requires(P.NOTIFICATIONS_READ_SENT))]
RemindersReader = Annotated[Principal, Depends(Requires(P.REMINDERS_MANAGE))]
RemindersAction = Annotated[Action, Depends(Acts(P.REMINDERS_MANAGE))]
CalendarsReader = Annotated[Principal, Depends(Requires(P.CALENDARS_MANAGE))]
CalendarsAction = Annotated[Action, Depends(Acts(P.CALENDARS_MANAGE))]
WebhooksReader = Annotated[Principal, Depends(Requires(P.WEBHOOKS_MANAGE))]
WebhooksAction = Annotated[Action, Depends(Acts(P.WEBHOOKS_MANAGE))]
JobsReader = Annotated[Principal, Depends(Requires(P.JOBS_READ))]
AuditReader = Annotated[Principal, Depends(Requires(P.AUDIT_READ))]
AccountsReader = Annotated[Principal, Depends(Requires(P.ACCOUNTS_MANAGE))]
AccountsAction = Annotated[Action, Depends(Acts(P.ACCOUNTS_MANAGE))]
PasswordsAction = Annotated[Action, Depends(Acts(P.PASSWORDS_RESET))]
ReorganisationsAction = Annotated[Action, Depends(Acts(P.REORGANISATIONS_MANAGE))]

Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="The number of items a page.")]
Cursor = Annotated[
    Annotated[str, Field(max_length=1000)] | None,
    # A form without a value sends `cursor=`, which means the first page.
    BeforeValidator(lambda cursor: cursor or None),
    Query(description="The `next_cursor` of the page before; without it the first page."),
]
PlanCode = Annotated[
    str | None,
    Query(
        alias="plan",
        max_length=64,
        description="The code of the plan; may be left out while only one fits.",
    ),
]
PAGE_SIZE = DEFAULT_LIMIT


async def day_of_codes(
    now: Now,
    on: Annotated[
        Day | None,
        Query(description="The day on which codes of agencies are read; today by default."),
    ] = None,
) -> date:
    """The day on which agencies' codes are read."""
    return on or local_day(now)


OnDay = Annotated[date, Depends(day_of_codes)]


async def report_key(
    period: Annotated[str, Path(description="The code of the period.", examples=["2024-Q2"])],
    agency: Annotated[str, Path(description="The code of the agency.", examples=["15493"])],
    plan: PlanCode = None,
) -> ReportKey:
    """The report, and with it the obligation, that the path `{period}/{agency}` addresses."""
    return ReportKey(period, agency, plan)


AddressedReport = Annotated[ReportKey, Depends(report_key)]


def ensure_version(if_match: str | None, version: int | None, *, required: bool) -> None:
    """Ensure that If-Match names the current version; None if the resource does not exist yet.

    Raises:
        PreconditionRequired: the resource exists, but the `required` If-Match is missing.
        Stale: If-Match names another version, or the resource does not exist.
    """
    if if_match is None:
        if required and version is not None:
            raise PreconditionRequired
    elif version is None or not lists_tag(if_match, etag(version)):
        raise Stale


async def unchanged(
    request: Request,
    if_match: Annotated[  # noqa: ARG001 - for OpenAPI; read from the request, where it can have several lines
        str | None,
        Header(
            alias="If-Match",
            description="The version that the change was made from: the header `ETag`, or "
            "`version` of a body or row in quotes; `*` for any. Required to change or"
            " delete what exists.",
        ),
    ] = None,
) -> VersionCheck:
    """The version check of an operation that requires If-Match."""
    return partial(ensure_version, combined(request, "If-Match"), required=True)


async def unchanged_if_given(
    request: Request,
    if_match: Annotated[  # noqa: ARG001 - as above
        str | None,
        Header(
            alias="If-Match",
            description="The version that was read: the header `ETag`, or `version` of a body or "
            "row in quotes; `*` for any. Without it versions are not compared.",
        ),
    ] = None,
) -> VersionCheck:
    """The version check of an operation where If-Match is optional."""
    return partial(ensure_version, combined(request, "If-Match"), required=False)


Unchanged = Annotated[VersionCheck, Depends(unchanged)]
UnchangedIfGiven = Annotated[VersionCheck, Depends(unchanged_if_given)]
