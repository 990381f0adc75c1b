"""The operator's command for messages that wait to leave."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.errors import OperatorError
from app.server.operating import OPERATOR
from app.services.audit.action import Action
from app.services.notifications import held_messages
from app.services.notifications.held_messages import WaitingMessage
from app.text.bilingual import Bilingual

NOT_WAITING = Bilingual("{id} không còn chờ gửi", "{id} does not wait")
DROPPED = Bilingual("đã bỏ: {count}", "dropped: {count}")
RELEASED = Bilingual(
    "Đã cho gửi: thông báo sẽ đi trong vòng một phút.",
    "Messages are released: they leave within a minute.",
)
WAITING = Bilingual(
    "{count} thông báo đang chờ; không bị giữ lại.", "{count} messages wait; messages are not held."
)
HELD = Bilingual(
    "{count} thông báo đang chờ; bị giữ lại từ {since}.",
    "{count} messages wait; messages are held since {since}.",
)


@dataclass(frozen=True)
class Order:
    """What to do with the messages that wait; `drop`: their ids, None for all.

    Raises:
        OperatorError: messages are to be held and released.
    """

    hold: bool = False
    release: bool = False
    drop: tuple[UUID, ...] | None = ()

    def __post_init__(self) -> None:
        if self.hold and self.release:
            raise OperatorError(
                Bilingual(
                    "chỉ dùng một trong hai: --hold hoặc --release",
                    "expected --hold or --release, not both",
                )
            )


async def carry_out(session: AsyncSession, order: Order, now: datetime) -> list[Bilingual | str]:
    """Carry out an order; return the lines that tell the operator what was done and what waits.

    Drops come before the release, so that both can be given at once.
    """
    action = Action(OPERATOR, now)
    lines: list[Bilingual | str] = []
    if order.hold:
        await held_messages.hold(session, action)
    if order.drop != ():
        dropped = await held_messages.drop(session, action, order.drop)
        lines += [
            NOT_WAITING.filled({"id": str(each)})
            for each in order.drop or ()
            if each not in dropped
        ]
        lines.append(DROPPED.filled({"count": len(dropped)}))
    if order.release and await held_messages.release(session, action):
        lines.append(RELEASED)
    waiting = await held_messages.list_waiting(session)
    lines += [_describe(message) for message in waiting]
    since = await held_messages.held_since(session)
    facts = {"count": len(waiting)}
    if since is None:
        return [*lines, WAITING.filled(facts)]
    return [*lines, HELD.filled(facts | {"since": f"{since.astimezone(LOCAL):%Y-%m-%d %H:%M}"})]


def _describe(message: WaitingMessage) -> str:
    recipient = f"{message.username} <{message.email or '-'}>"
    created = message.created_at.astimezone(LOCAL)
    about = message.about or "-"
    return f"{message.id}  {created:%Y-%m-%d %H:%M}  {message.channel:8} {recipient}: {about}"
