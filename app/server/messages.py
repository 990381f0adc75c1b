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
            raise OperatorError("expected --hold or --release, not both")


async def carry_out(session: AsyncSession, order: Order, now: datetime) -> list[str]:
    """Carry out an order; return the lines that tell the operator what was done and what waits.

    Drops come before the release, so that both can be given at once.
    """
    action = Action(OPERATOR, now)
    lines = []
    if order.hold:
        await held_messages.hold(session, action)
    if order.drop != ():
        dropped = await held_messages.drop(session, action, order.drop)
        lines += [f"{each} does not wait" for each in order.drop or () if each not in dropped]
        lines.append(f"dropped: {len(dropped)}")
    if order.release and await held_messages.release(session, action):
        lines.append("Messages are released: they leave within a minute.")
    waiting = await held_messages.list_waiting(session)
    lines += [_describe(message) for message in waiting]
    since = await held_messages.held_since(session)
    state = f"held since {since.astimezone(LOCAL):%Y-%m-%d %H:%M}" if since else "not held"
    return [*lines, f"{len(waiting)} messages wait; messages are {state}."]


def _describe(message: WaitingMessage) -> str:
    recipient = f"{message.username} <{message.email or 'no address'}>"
    created = message.created_at.astimezone(LOCAL)
    about = message.about or "-"
    return f"{message.id}  {created:%Y-%m-%d %H:%M}  {message.channel:8} {recipient}: {about}"
