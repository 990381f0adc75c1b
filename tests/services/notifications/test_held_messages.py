"""Messages that are held after a restore: planned, listed, dropped, and released."""

from uuid import UUID

import pytest

from app.cli.console import Console
from app.errors import OperatorError
from app.server.messages import Order, carry_out
from app.server.operating import OPERATOR
from app.services.audit.action import Action
from app.services.notifications import held_messages
from app.vocabulary import Channel
from tests.conftest import Service
from tests.support.deliveries import (
    add_webhook,
    deliver_all,
    keep_rules,
    list_messages,
    list_notifications,
    prefer,
    run_sweep,
)
from tests.support.reference_calls import list_events
from tests.support.report_calls import ok


async def order(service: Service, wish: Order) -> list[str]:
    """Run the operator's command."""
    async with service.database.transaction() as session:
        lines = await carry_out(session, wish, service.clock.now())
    return [Console("en").words(line) for line in lines]


async def hold_morning(service: Service) -> None:
    """Hold messages, and plan the reminders of a morning to e-mail, webhook and application."""
    await keep_rules(service, "before-7")
    await add_webhook(service, "395")
    await prefer(service, "bac-luong", Channel.WEBHOOK)
    service.clock.set("2024-06-08 08:00")
    async with service.database.transaction() as session:
        await held_messages.hold(session, Action(OPERATOR, service.clock.now()))
    await run_sweep(service)


async def test_held_messages_are_planned_and_do_not_leave(service: Service) -> None:
    await hold_morning(service)
    outbox = await deliver_all(service)
    assert (outbox.mails, outbox.posts) == ([], [])
    states = {(m.channel, m.state) for m in await list_messages(service)}
    assert states == {("email", "waiting"), ("webhook", "waiting"), ("in_app", "sent")}
    *lines, state = await order(service, Order())
    assert len(lines) == 5
    assert state == "5 messages wait; messages are held since 2024-06-08 08:00."
    assert any("xuan-hong <xuan-hong@example.vn>: before-7 2024-Q2/15493" in line for line in lines)


async def test_released_messages_leave(service: Service) -> None:
    await hold_morning(service)
    *_, state = await order(service, Order(release=True))
    assert state == "5 messages wait; messages are not held."
    outbox = await deliver_all(service)
    assert (len(outbox.mails), len(outbox.posts)) == (4, 1)
    (event,) = await list_events(service, "messages.released")
    assert (event.actor, event.after) == (
        "command-line",
        {"held_since": "2024-06-08T01:00:00+00:00"},
    )


async def test_a_dropped_message_does_not_leave_and_is_not_planned_again(service: Service) -> None:
    await hold_morning(service)
    dropped, *_ = await list_messages(service, username="xuan-hong", channel="email")
    lines = await order(service, Order(release=True, drop=(dropped.id,)))
    assert lines[0] == "dropped: 1"
    service.clock.advance(minutes=30)
    await run_sweep(service)
    outbox = await deliver_all(service)
    assert "xuan-hong@example.vn" not in {mail.email for mail in outbox.mails}
    (mail,) = await list_notifications(service, username="xuan-hong", channel="email")
    assert (mail.state, mail.why) == ("superseded", "dropped_by_operator")
    (event,) = await list_events(service, "messages.dropped")
    assert event.after == {"messages": [str(dropped.id)]}


async def test_all_messages_can_be_dropped(service: Service) -> None:
    await hold_morning(service)
    lines = await order(service, Order(drop=None))
    assert lines == [
        "dropped: 5",
        "0 messages wait; messages are held since 2024-06-08 08:00.",
    ]


async def test_an_id_that_does_not_wait_is_named(service: Service) -> None:
    unknown = UUID(int=1)
    unknown_line, count, _ = await order(service, Order(drop=(unknown,)))
    assert (unknown_line, count) == (f"{unknown} does not wait", "dropped: 0")
    assert await list_events(service, "messages.dropped") == []


async def test_a_hold_is_recorded_once(service: Service) -> None:
    for _ in range(2):
        await order(service, Order(hold=True))
        service.clock.advance(minutes=1)
    (event,) = await list_events(service, "messages.held")
    assert event.actor == "command-line"


def test_messages_are_not_held_and_released_at_once() -> None:
    with pytest.raises(OperatorError, match="not both"):
        Order(hold=True, release=True)


async def test_health_shows_the_hold(service: Service) -> None:
    office = service.client("coordinator")
    assert ok(await office.get("/jobs/health"))["held_since"] is None
    await hold_morning(service)
    health = ok(await office.get("/jobs/health"))
    assert (health["ok"], health["held_since"]) == (False, "2024-06-08T08:00:00+07:00")
