"""The secrets of accounts: how many there may be, and when they end.

`docs/secrets.md` lists every secret and what each event does to it; a test walks its table.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import StateConflict, TooManyRequests
from app.text.bilingual import Bilingual

HOUR = timedelta(hours=1)

TOO_MANY = Bilingual(
    "Đã có {count} liên kết hoặc khóa, là mức tối đa, nên không tạo thêm được; phải "
    "thu hồi bớt trước.",
    "There are {count} already, the most that is allowed; revoke some first.",
)

END_TOKENS = text("DELETE FROM access_token WHERE account_id = :account_id")
END_CALENDAR_LINKS = text("""
UPDATE calendar_link SET revoked_at = :at WHERE account_id = :account_id AND revoked_at IS NULL
""")
# A link that was used already stays, so that its rate can be limited.
END_PASSWORD_LINKS = text("""
DELETE FROM password_link WHERE account_id = :account_id AND used_at IS NULL
""")
# The key in the mails that were sent before opens nothing any more.
RENEW_MAIL_KEY = text("UPDATE account SET mail_key = gen_random_uuid() WHERE id = :account_id")


async def end_all(session: AsyncSession, account_id: int, at: datetime) -> None:
    """End all secrets of an account that is closed or handed over, except its password."""
    await session.execute(END_TOKENS, {"account_id": account_id})
    await end_password_links(session, account_id)
    await end_calendar_links(session, account_id, at)
    await renew_mail_key(session, account_id)


async def end_password_links(session: AsyncSession, account_id: int) -> None:
    """End the links and codes by which a person could set a password."""
    await session.execute(END_PASSWORD_LINKS, {"account_id": account_id})


async def end_calendar_links(session: AsyncSession, account_id: int, at: datetime) -> None:
    """Revoke the calendar links that a person has made."""
    await session.execute(END_CALENDAR_LINKS, {"account_id": account_id, "at": at})


async def renew_mail_key(session: AsyncSession, account_id: int) -> None:
    """Replace the key in a person's mails."""
    await session.execute(RENEW_MAIL_KEY, {"account_id": account_id})


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many secrets of a kind one owner may have at a time, and may create within an hour."""

    most: int
    most_hourly: int

    async def ensure(
        self,
        session: AsyncSession,
        *,
        owner: ColumnElement[bool],
        is_valid: ColumnElement[bool],
        created_at: InstrumentedAttribute[Any],
        now: datetime,
    ) -> None:
        """Ensure that the owner may create one more. The caller has locked the owner's row.

        Raises:
            StateConflict: the owner has the most that is allowed.
            TooManyRequests: the owner has created the most that is allowed within an hour.
        """
        is_recent = created_at > now - HOUR
        row = (
            await session.execute(
                select(
                    func.count().filter(is_valid),
                    func.count().filter(is_recent),
                    func.min(created_at).filter(is_recent),
                ).where(owner)
            )
        ).one()
        valid, recent, oldest = row
        if recent >= self.most_hourly:
            raise TooManyRequests(math.ceil((oldest + HOUR - now).total_seconds()))
        if valid >= self.most:
            raise StateConflict(TOO_MANY, count=valid)
