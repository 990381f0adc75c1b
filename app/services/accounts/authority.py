"""The limits of an administrator: which accounts it may create and change, and how."""

from collections.abc import Set as AbstractSet

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, NotFound, StateConflict, ValidationFailed
from app.models.accounts import Account
from app.models.agencies import Agency
from app.policy import Principal
from app.services import lookup
from app.services.audit.action import Action
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import Role

AGENCY_NEEDED = Bilingual(
    "Vai trò {role} phải gắn với một đơn vị.", "The role {role} needs an agency."
)
ABOVE_REACH = Bilingual(
    "Chỉ quản trị viên toàn hệ thống mới tạo được tài khoản không gắn đơn vị.",
    "Only an admin of the whole system may create accounts without an agency.",
)
WHOLE_AREA = Bilingual(
    "Vai trò cán bộ tổng hợp phụ trách cả địa bàn; chỉ quản trị viên của cả địa bàn đó được giao.",
    "The role coordinator covers a whole area, so only an admin of that area may assign it.",
)
OWN_ACCOUNT = Bilingual(
    "Không tự đổi được vai trò, đơn vị, trạng thái của tài khoản đang đăng nhập; mật "
    "khẩu đổi ở mục đổi mật khẩu (/me/password).",
    "You cannot change your own role, agency or status; change your password at /me/password.",
)
LAST_ADMIN = Bilingual(
    "Đây là quản trị viên toàn hệ thống cuối cùng còn hoạt động; phải tạo một quản trị "
    "viên khác trước.",
    "This is the last active admin of the whole system; create another one first.",
)
FIELDS_OF_OTHERS = frozenset({"role", "agency", "active", "password"})
"""Fields that administrators change for others only, so that they cannot lock themselves out."""


async def get_assigned_agency(
    session: AsyncSession, action: Action, role: Role, code: str | None
) -> Agency | None:
    """The agency for a new or moved account; None for an admin of the whole system.

    Raises:
        ValidationFailed: the agency is not within reach, or `code` is None although the role needs
            an agency or the principal is not an admin of the whole system.
    """
    if code is not None:
        return await lookup.get_body_agency(session, action.principal, code, action.now)
    if role is not Role.ADMIN:
        raise ValidationFailed(
            [FieldError("/agency", "agency_needed", AGENCY_NEEDED, {"role": terms.ROLE[role]})]
        )
    if not action.principal.reaches(""):
        raise ValidationFailed([FieldError("/agency", "above_reach", ABOVE_REACH)])
    return None


async def ensure_may_assign(
    session: AsyncSession, principal: Principal, role: Role, agency: Agency | None
) -> None:
    """Ensure that the principal may give an account this role in this agency.

    Raises:
        ValidationFailed: the account would reach more than the principal.
    """
    if not await _covers(session, principal, role, agency):
        raise ValidationFailed([FieldError("/role", "beyond_reach", WHOLE_AREA)])


async def ensure_may_change(
    session: AsyncSession,
    principal: Principal,
    account: Account,
    agency: Agency | None,
    fields: AbstractSet[str],
) -> None:
    """Ensure that the principal may change these fields of an account of an agency.

    Raises:
        NotFound: the account reaches more than the principal.
        StateConflict: it is the principal's own account, and others have to change the field.
    """
    if not await _covers(session, principal, account.role, agency):
        raise NotFound(terms.ACCOUNT, username=account.username)
    if account.id == principal.account_id and FIELDS_OF_OTHERS & fields:
        raise StateConflict(OWN_ACCOUNT)


async def _covers(
    session: AsyncSession, principal: Principal, role: Role, agency: Agency | None
) -> bool:
    """Whether the principal reaches all that an account of this role and agency reaches.

    A coordinator reaches its whole area, not only its agency. Without this check, the admin of an
    office could create a coordinator in it and so reach the area.
    """
    if role is not Role.COORDINATOR or agency is None:
        return True
    return await lookup.reaches_area_around(session, principal, agency.path)


async def ensure_admin_remains(session: AsyncSession, account: Account) -> None:
    """Ensure that there is another active admin of the whole system.

    Locks all of them, because two could demote each other at the same time: the second transaction
    waits and then finds that the first admin is gone.

    Raises:
        StateConflict: the account is the last one.
    """
    admins = await session.scalars(
        select(Account.id)
        .where(Account.role == Role.ADMIN, Account.agency_id.is_(None), Account.active)
        .order_by(Account.id)
        .with_for_update()
    )
    if set(admins) == {account.id}:
        raise StateConflict(LAST_ADMIN)
