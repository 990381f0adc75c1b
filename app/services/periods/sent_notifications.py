"""The notifications of an obligation: recipients, outcomes and reasons."""

from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.models.accounts import Account
from app.models.notifications import Message, Notification
from app.policy import Principal
from app.services.notifications import reasons
from app.services.periods import obligations
from app.services.periods.obligations import ReportKey
from app.text.writing import Language
from app.vocabulary import NotificationState


async def list_page(
    session: AsyncSession,
    principal: Principal,
    key: ReportKey,
    *,
    language: Language,
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the notifications of an obligation, newest first.

    Raises:
        NotFound: there is no such obligation within the principal's reach.
        AmbiguousPlan: several plans have such an obligation, and the key names none.
    """
    owed = await obligations.get(session, principal, key)
    rows, next_cursor = await page(
        session,
        _select_notifications(owed.obligation.id),
        [Notification.planned_for, Notification.id],
        limit=limit,
        cursor=cursor,
        descending=True,
    )
    return [_describe(row._asdict(), language) for row in rows], next_cursor


def _select_notifications(obligation_id: int) -> Select[*tuple[Any, ...]]:
    """The notifications of an obligation; the subject of those that have left or failed."""
    sent = Notification.state == NotificationState.SENT
    gone = Notification.state.in_((NotificationState.SENT, NotificationState.FAILED))
    return (
        select(
            Notification.rule,
            Notification.occurrence,
            Notification.audience,
            Account.username,
            Account.full_name,
            Notification.channel,
            Notification.planned_for,
            Notification.state,
            Notification.why,
            Notification.why_detail,
            case((sent, Message.sent_at)).label("sent_at"),
            func.coalesce(Message.attempts, 0).label("attempts"),
            Message.error,
            Message.error_detail,
            case((gone, Message.subject)).label("subject"),
        )
        .join(Account, Account.id == Notification.account_id)
        .outerjoin(Message, Message.id == Notification.message_id)
        .where(Notification.obligation_id == obligation_id)
    )


def _describe(row: dict[str, Any], language: Language) -> dict[str, Any]:
    """The row in the shape of the schema: reasons as texts, the recipient as an object."""
    error, why = row["error"], row["why"]
    return row | {
        "recipient": row,
        "why": reasons.describe(why, row["why_detail"], language),
        "error": error and reasons.describe(error, row["error_detail"], language),
    }
