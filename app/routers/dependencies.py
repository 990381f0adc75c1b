"""What routes ask for: a session, the present instant, and a principal who may do the thing."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import Depends, Header, Query, Request, Security
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock, local_day
from app.db.database import Database
from app.db.driver import Questions
from app.db.pagination import DEFAULT_LIMIT, LARGEST_LIMIT
from app.errors import Forbidden, PreconditionRequired, Stale, Unauthenticated
from app.http.headers import combined, etag, matches_strongly
from app.policy import Permission, Principal
from app.schemas.base import Day
from app.services.accounts import principals
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.settings import Settings
from app.text import terms

bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    auto_error=False,
    scheme_name="token",
    description="Mã truy cập của người dùng (POST /auth/token), hoặc khóa API.",
)
key_header = APIKeyHeader(
    name="X-API-Key", auto_error=False, scheme_name="key", description="Khóa API của hệ thống khác."
)


def database_of(request: Request) -> Database:
    """The application's database."""
    database: Database = request.app.state.database
    return database


def clock_of(request: Request) -> Clock:
    """The application's clock."""
    clock: Clock = request.app.state.clock
    return clock


# Dependencies are asynchronous even where they wait for nothing: FastAPI would run each of the
# others in a thread, which costs more than all that they do.


async def settings_of(request: Request) -> Settings:
    """The application's settings."""
    settings: Settings = request.app.state.settings
    return settings


async def now(request: Request) -> datetime:
    """The present instant by the application's clock."""
    return clock_of(request).now()


async def reading(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for questions."""
    async with database_of(request).reading() as session:
        yield session


async def writing(request: Request) -> AsyncIterator[AsyncSession]:
    """A transaction, committed before the answer leaves and rolled back by any exception."""
    async with database_of(request).transaction() as session:
        yield session


async def asking(request: Request) -> Questions:
    """The short way to the database, for questions that are hot."""
    return database_of(request).questions


Now = Annotated[datetime, Depends(now)]
ServiceSettings = Annotated[Settings, Depends(settings_of)]
Asking = Annotated[Questions, Depends(asking)]
# The scope "function" ends these before the answer: a 2xx that leaves before its commit is lost.
ReadSession = Annotated[AsyncSession, Depends(reading, scope="function")]
WriteSession = Annotated[AsyncSession, Depends(writing, scope="function")]
Token = Annotated[str | None, Security(bearer)]
Key = Annotated[str | None, Security(key_header)]


async def presented(token: Token, key: Key) -> str:
    """The token or key that came with the request; empty without one."""
    return token or key or ""


Presented = Annotated[str, Depends(presented)]


class Requires:
    """The dependency that lets a request through to a route that needs `permission`."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request, token: Token, key: Key) -> Principal:
        """The principal of the request.

        Raises:
            Unauthenticated: nobody, or a secret that is not good (any more).
            Forbidden: somebody who may not do this anywhere.
        """
        secret, now = token or key or "", clock_of(request).now()
        principal = await principals.authenticate(database_of(request).questions, secret, now)
        if principal is None:
            raise Unauthenticated
        if self.permission not in principal.permissions:
            raise Forbidden(terms.OPERATION[self.permission], self.permission.value)
        return principal


P = Permission
Myself = Annotated[Principal, Depends(Requires(P.SELF))]
SignedIn = Annotated[Principal, Depends(Requires(P.SELF_WRITE))]
ReferenceReader = Annotated[Principal, Depends(Requires(P.REFERENCE_READ))]
ReferenceWriter = Annotated[Principal, Depends(Requires(P.REFERENCE_WRITE))]
PeriodsManager = Annotated[Principal, Depends(Requires(P.PERIODS_MANAGE))]
ObligationsReader = Annotated[Principal, Depends(Requires(P.OBLIGATIONS_READ))]
ObligationsManager = Annotated[Principal, Depends(Requires(P.OBLIGATIONS_MANAGE))]
ReportsReader = Annotated[Principal, Depends(Requires(P.REPORTS_READ))]
ReportsWriter = Annotated[Principal, Depends(Requires(P.REPORTS_WRITE))]
ReportsReviewer = Annotated[Principal, Depends(Requires(P.REPORTS_REVIEW))]
AggregatesReader = Annotated[Principal, Depends(Requires(P.AGGREGATES_READ))]
SentReader = Annotated[Principal, Depends(Requires(P.NOTIFICATIONS_READ_SENT))]
RemindersManager = Annotated[Principal, Depends(Requires(P.REMINDERS_MANAGE))]
CalendarsManager = Annotated[Principal, Depends(Requires(P.CALENDARS_MANAGE))]
WebhooksManager = Annotated[Principal, Depends(Requires(P.WEBHOOKS_MANAGE))]
JobsReader = Annotated[Principal, Depends(Requires(P.JOBS_READ))]
AuditReader = Annotated[Principal, Depends(Requires(P.AUDIT_READ))]
AccountsManager = Annotated[Principal, Depends(Requires(P.ACCOUNTS_MANAGE))]


def actor(request: Request, principal: Principal) -> Actor:
    """The principal as the record of changes names it."""
    return Actor(principal.name, request.client.host if request.client else None)


Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="Số mục mỗi trang.")]
Cursor = Annotated[str | None, Query(max_length=1000, description="next_cursor của trang trước.")]
PlanCode = Annotated[
    str | None,
    Query(alias="plan", max_length=64, description="Mã kế hoạch; bỏ trống khi chỉ có một."),
]
PAGE_SIZE = DEFAULT_LIMIT


async def day_of_codes(
    now: Now,
    on: Annotated[
        Day | None, Query(description="Ngày để hiểu mã đơn vị; bỏ trống là hôm nay.")
    ] = None,
) -> date:
    """The day on which agencies' codes are read."""
    return on or local_day(now)


OnDay = Annotated[date, Depends(day_of_codes)]


def ensure_version(if_match: str | None, version: int | None, *, required: bool) -> None:
    """Ensure that If-Match names the current version; None if the resource does not exist yet.

    Raises:
        PreconditionRequired: the resource exists, but the `required` If-Match is missing.
        Stale: If-Match names another version, or the resource does not exist.
    """
    if if_match is None:
        if required and version is not None:
            raise PreconditionRequired
    elif version is None or not matches_strongly(if_match, etag(version)):
        raise Stale


async def unchanged(
    request: Request,
    if_match: Annotated[  # noqa: ARG001 - for OpenAPI; read from the request, where it can have several lines
        str | None,
        Header(
            alias="If-Match",
            description="ETag của bản đã đọc (hoặc `*`: bản nào cũng được);"
            " bắt buộc khi sửa hay bỏ cái đã có.",
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
            description="ETag của bản đã đọc (hoặc `*`); bỏ trống thì không so phiên bản.",
        ),
    ] = None,
) -> VersionCheck:
    """The version check of an operation where If-Match is optional."""
    return partial(ensure_version, combined(request, "If-Match"), required=False)


Unchanged = Annotated[VersionCheck, Depends(unchanged)]
UnchangedIfGiven = Annotated[VersionCheck, Depends(unchanged_if_given)]
