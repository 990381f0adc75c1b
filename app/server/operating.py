"""The operator's commands: check and fill the database, load plans, manage accounts."""

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.connections import PATIENT_LOCK_SECONDS
from app.db.database import Database
from app.db.migration import migrate
from app.db.roles import DatabaseUrls, can_change_record
from app.models.accounts import Account
from app.models.plans import Plan
from app.policy import Principal, permissions_of
from app.security import password_matches
from app.server import stopping
from app.services.accounts import accounts
from app.services.accounts.accounts import AccountValues
from app.services.audit import ledger
from app.services.audit.action import Action
from app.services.notifications.held_messages import held_since
from app.settings import Settings
from app.text.bilingual import Bilingual
from app.vocabulary import Role, SystemActor

FIRST_PLAN = Path(__file__).resolve().parents[2] / "seed" / "tho-xuan-2024"
FIRST_ACCOUNT = AccountValues("admin", "Quản trị hệ thống", None, Role.ADMIN, None)
FILL_LOCK = 7_283_651_905
"""Advisory lock: only one server fills an empty database."""
OPERATOR = Principal(
    name=SystemActor.COMMAND_LINE,
    role=Role.ADMIN,
    permissions=permissions_of(Role.ADMIN, []),
    agency_id=None,
    agency_path="",
    area_path="",
    horizon="",
)
"""Command-line users have the permissions of an admin without an agency."""
ROLE_WARNING = Bilingual(
    "Chú ý: tài khoản cơ sở dữ liệu có thể sửa nhật ký; nên dùng hai tài khoản, xem "
    "TIENDO_OWNER_DATABASE_URL trong docs/vi/van-hanh.md.",
    "Warning: the database role could change the audit trail; use two roles, "
    "see TIENDO_OWNER_DATABASE_URL in docs/operations.md.",
)

HELD_WARNING = Bilingual(
    "Chú ý: thư và webhook đang bị giữ lại; xem `tiendo messages`.",
    "Warning: messages are held, none leaves by e-mail or webhook; see `tiendo messages`.",
)

AS_GIVEN = Bilingual("như đã nhập", "as given")
AS_SET = Bilingual("như đã đặt trong TIENDO_ADMIN_PASSWORD", "as set in TIENDO_ADMIN_PASSWORD")
SHOWN_ONCE = Bilingual("chỉ hiện lần này", "shown only this once")

Echo = Callable[[Bilingual | str], None]
"""Shows a line to the operator; a plain text is Vietnamese."""
Result = TypeVar("Result")


def check(settings: Settings, url: str) -> None:
    """Ensure that the database answers and has a supported version.

    Raises:
        DatabaseUnavailableError: it does not; the message states the reason.
    """

    async def run() -> None:
        database = Database(url, settings)
        try:
            await database.check()
        finally:
            await database.close()

    stopping.run(run())


def migrate_checked(settings: Settings, urls: DatabaseUrls) -> None:
    """Migrate the database, and ensure that it answers to both roles.

    Raises:
        DatabaseUnavailableError: it does not, or its version is too old.
        RoleError: the application's role is missing and cannot be created.
    """
    check(settings, urls.owner)
    migrate(urls)
    if urls.are_separate:
        check(settings, urls.application)


def in_transaction(
    settings: Settings, url: str, operation: Callable[[AsyncSession], Awaitable[Result]]
) -> Result:
    """Run an operation in a transaction and return its result."""

    async def run() -> Result:
        database = Database(url, settings, lock_seconds=PATIENT_LOCK_SECONDS)
        try:
            async with database.transaction() as session:
                return await operation(session)
        finally:
            await database.close()

    return stopping.run(run())


def prepare(settings: Settings, urls: DatabaseUrls, now: datetime, echo: Echo) -> None:
    """Migrate the database; load the first plan and create the first account if it is empty.

    Raises:
        DatabaseUnavailableError: the database does not answer, or its version is too old.
        RoleError: the application's role is missing and cannot be created.
    """
    migrate_checked(settings, urls)
    if stopping.run(can_change_record(urls.application)):
        echo(ROLE_WARNING)
    admin_password = settings.admin_password.get_secret_value() if settings.admin_password else None

    async def fill(session: AsyncSession) -> None:
        filled = await fill_if_empty(session, admin_password, now, echo)
        if not filled and admin_password is not None:
            await _announce_unused_password(session, admin_password, echo)

    in_transaction(settings, urls.application, fill)
    announce_hold(settings, urls.application, echo)


def announce_hold(settings: Settings, url: str, echo: Echo) -> None:
    """Warn if messages are held. A database that is not migrated yet holds none."""

    async def is_held(session: AsyncSession) -> bool:
        exists = await session.scalar(text("SELECT to_regclass('message_hold') IS NOT NULL"))
        return bool(exists) and await held_since(session) is not None

    if in_transaction(settings, url, is_held):
        echo(HELD_WARNING)


def load_plan(
    settings: Settings,
    url: str,
    folder: Path,
    now: datetime,
    echo: Echo,
    *,
    move_open_periods: bool = False,
) -> None:
    """Load or update the plan in a folder; see `seed.loader.load`.

    Raises:
        SeedError: with every error in the files. The plan's coordinators are notified.
    """
    from seed import failure, loader  # noqa: PLC0415 - 0.08 s of each start of the server

    folder = folder.resolve()
    try:
        load = partial(
            loader.load, folder=folder, now=now, echo=echo, move_open_periods=move_open_periods
        )
        in_transaction(settings, url, load)
    except loader.SeedError as error:
        notify = partial(
            failure.notify_coordinators, folder=folder, findings=error.findings, now=now
        )
        try:
            in_transaction(settings, url, notify)
        except Exception as notify_error:  # noqa: BLE001 - the SeedError matters more
            reason = str(notify_error).partition("\n")[0] or type(notify_error).__name__
            echo(
                Bilingual(
                    f"Không báo được cho cơ quan tổng hợp: {reason}",
                    f"The coordinators cannot be told: {reason}",
                )
            )
        raise


async def fill_if_empty(
    session: AsyncSession, password: str | None, now: datetime, echo: Echo
) -> bool:
    """Load the first plan and create the first account if the database has no plan or account.

    Both are written in one transaction, so an interrupted start leaves the database empty. The
    password is printed before the commit, so no account exists whose password was not shown.
    Returns whether the database was filled.
    """
    await session.execute(text(f"SELECT pg_advisory_xact_lock({FILL_LOCK})"))
    if await session.scalar(select(exists(select(Plan.id)) | exists(select(Account.id)))):
        return False
    from seed.loader import load  # noqa: PLC0415 - as above; a database is filled once

    echo(
        Bilingual(
            "Lần chạy đầu: nạp kế hoạch 2024 của huyện Thọ Xuân.",
            "First run: loading the plan of 2024 of Thọ Xuân district.",
        )
    )
    await load(session, FIRST_PLAN, now=now, echo=lambda _: None)
    # Production refuses a common TIENDO_ADMIN_PASSWORD before; a rehearsal may use one.
    generated_password = await create_account(
        session, FIRST_ACCOUNT, password, now, accept_common=True
    )
    for line in account_lines(FIRST_ACCOUNT.username, generated_password, AS_SET):
        echo(line)
    return True


async def _announce_unused_password(session: AsyncSession, password: str, echo: Echo) -> None:
    """Say that the configured password is not the one of the first account, if it is not."""
    query = select(Account.password_hash).where(Account.username == FIRST_ACCOUNT.username)
    if await password_matches(password, await session.scalar(query)):
        return
    command = sys.argv[0] if Path(sys.argv[0]).name == "tiendo" else "tiendo"
    echo(
        Bilingual(
            "TIENDO_ADMIN_PASSWORD không được dùng, vì dữ liệu đã có sẵn.\n"
            f"  Đặt lại mật khẩu:  {command} user {FIRST_ACCOUNT.username} --reset",
            "TIENDO_ADMIN_PASSWORD is not used, because the database was filled before.\n"
            f"  Reset the password:  {command} user {FIRST_ACCOUNT.username} --reset",
        )
    )


def account_lines(
    username: str, generated_password: str | None, otherwise: Bilingual
) -> list[Bilingual]:
    """The lines with the name and the password; `otherwise`: what stands for one of the operator's.

    The Vietnamese lines have the English words too, because scripts look for them.
    """
    password = Bilingual(
        f"{generated_password}   ({SHOWN_ONCE.vi})" if generated_password else otherwise.vi,
        f"{generated_password}   ({SHOWN_ONCE.en})" if generated_password else otherwise.en,
    )
    return [
        Bilingual(f"Tài khoản / user:     {username}", f"user:      {username}"),
        Bilingual(f"Mật khẩu / password:  {password.vi}", f"password:  {password.en}"),
    ]


async def create_account(
    session: AsyncSession,
    values: AccountValues,
    password: str | None,
    now: datetime,
    *,
    accept_common: bool = False,
) -> str | None:
    """Create an account and return its password if it was generated.

    Raises:
        AlreadyExists, ValidationFailed: see `accounts.create`.
    """
    await ledger.open_ledger(session, None, now)
    action = Action(OPERATOR, now)
    _, generated_password = await accounts.create(
        session, action, values, password, accept_common=accept_common
    )
    return generated_password


async def reset_password(
    session: AsyncSession, username: str, password: str | None, now: datetime
) -> str | None:
    """Set a new password and activate the account; return the password if it was generated.

    Raises:
        NotFound: the account does not exist.
    """
    action, values = Action(OPERATOR, now), {"password": password, "active": True}
    _, generated_password = await accounts.change(
        session, action, username, values, check_version=_accept_any_version
    )
    return generated_password


def _accept_any_version(_: int | None) -> None:
    """The operator's command overwrites the account without reading it first."""
