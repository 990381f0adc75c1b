"""Leases: which outcome counts if a worker is late or dies."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.channels.errors import DeliveryRefusedError
from app.channels.mail import Envelope
from app.services.notifications.delivery import (
    MOST_ATTEMPTS,
    LeasedMessage,
    deliver,
    deliver_message,
    lease_messages,
)
from app.vocabulary import Channel
from tests.conftest import Service
from tests.support.deliveries import AWAY, Outbox, delivery_context, list_messages


async def test_messages_of_a_dead_worker_are_leased_again(planned: Service) -> None:
    dead = delivery_context(planned)
    held = await lease_messages(dead, Channel.EMAIL, 3)
    alive = Outbox()
    await deliver(delivery_context(planned, alive))
    assert not {mail.message_id for mail in alive.mails} & {each.id for each in held}
    planned.clock.advance(minutes=4, seconds=59)
    assert await deliver(delivery_context(planned, alive)) == 0
    planned.clock.advance(seconds=1)
    assert await deliver(delivery_context(planned, alive)) == 3
    assert {m.state for m in await list_messages(planned)} == {"sent"}


async def test_the_duration_of_a_lease_can_be_set(planned: Service) -> None:
    hasty = replace(delivery_context(planned), lease=timedelta(seconds=1))
    held = await lease_messages(hasty, Channel.EMAIL, 20)
    planned.clock.advance(seconds=2)
    again = [LeasedMessage(each.id, each.attempt + 1) for each in held]
    assert sorted(await lease_messages(hasty, Channel.EMAIL, 20)) == sorted(again)


async def only_mail_held(service: Service) -> LeasedMessage:
    """A mail that a worker has just leased; the others are sent."""
    held = await lease_messages(delivery_context(service), Channel.EMAIL, 20)
    [mail] = await list_messages(service, username="xuan-hong", channel="email")
    [one] = [each for each in held if each.id == mail.id]
    for each in held:
        if each != one:
            await deliver_message(delivery_context(service), each)
    await deliver(delivery_context(service))
    return one


async def state_of_that_mail(service: Service) -> tuple[str, int, str | None]:
    [mail] = await list_messages(service, username="xuan-hong", channel="email")
    return mail.state, mail.attempts, mail.error


class Slow(Outbox):
    """Takes longer than the lease, so that another worker delivers the same mail."""

    def __init__(self, service: Service, other: Outbox, end: Exception | None) -> None:
        super().__init__()
        self.service, self.other, self.end = service, other, end

    async def take_mail(self, mail: Envelope) -> None:
        self.service.clock.advance(minutes=6)
        assert await deliver(delivery_context(self.service, self.other)) == 1
        self.service.clock.advance(minutes=1)
        if self.end is not None:
            raise self.end
        self.mails.append(mail)


async def test_a_worker_sends_nothing_after_its_lease(planned: Service) -> None:
    late = await only_mail_held(planned)
    outbox = Outbox()
    planned.clock.advance(minutes=5)
    await deliver_message(delivery_context(planned, outbox), late)
    [again] = await lease_messages(delivery_context(planned), Channel.EMAIL, 20)
    await deliver_message(delivery_context(planned, outbox), late)
    assert outbox.mails == []
    assert await state_of_that_mail(planned) == ("sending", 2, None)
    await deliver_message(delivery_context(planned, outbox), again)
    assert len(outbox.mails) == 1


@pytest.mark.parametrize("end", [AWAY, DeliveryRefusedError("550 no")])
async def test_a_late_failure_does_not_undo_the_delivery_of_another_worker(
    planned: Service, end: Exception
) -> None:
    late = await only_mail_held(planned)
    await deliver_message(delivery_context(planned, Slow(planned, Outbox(), end)), late)
    assert await state_of_that_mail(planned) == ("sent", 2, None)


@pytest.mark.parametrize("end", [AWAY, DeliveryRefusedError("550 no")])
async def test_a_late_failure_does_not_end_the_attempt_of_another_worker(
    planned: Service, end: Exception
) -> None:
    late = await only_mail_held(planned)

    class TakenOver(Outbox):
        async def take_mail(self, mail: Envelope) -> None:
            assert mail.message_id == late.id
            planned.clock.advance(minutes=6)
            assert await lease_messages(delivery_context(planned), Channel.EMAIL, 20) == [
                LeasedMessage(late.id, 2)
            ]
            raise end

    await deliver_message(delivery_context(planned, TakenOver()), late)
    assert await state_of_that_mail(planned) == ("sending", 2, None)


@pytest.mark.parametrize("end", [AWAY, DeliveryRefusedError("550 no")])
async def test_a_failure_does_not_undo_the_late_delivery_of_an_earlier_worker(
    planned: Service, end: Exception
) -> None:
    late = await only_mail_held(planned)
    begun, may_end = asyncio.Event(), asyncio.Event()

    class Waiting(Outbox):
        async def take_mail(self, mail: Envelope) -> None:
            assert mail.message_id == late.id
            begun.set()
            await may_end.wait()

    class Failing(Outbox):
        async def take_mail(self, mail: Envelope) -> None:
            assert mail.message_id == late.id
            may_end.set()
            await earlier
            raise end

    earlier = asyncio.create_task(deliver_message(delivery_context(planned, Waiting()), late))
    await begun.wait()
    planned.clock.advance(minutes=6)
    await deliver(delivery_context(planned, Failing()))
    assert await state_of_that_mail(planned) == ("sent", 2, None)


async def test_a_message_sent_twice_keeps_the_first_instant(planned: Service) -> None:
    late = await only_mail_held(planned)
    await deliver_message(delivery_context(planned, Slow(planned, Outbox(), None)), late)
    [mail] = await list_messages(planned, username="xuan-hong", channel="email")
    assert mail.sent_at == planned.clock.now() - timedelta(minutes=1)


async def test_a_late_success_counts_although_another_attempt_failed(
    planned: Service,
) -> None:
    late = await only_mail_held(planned)
    await deliver_message(
        delivery_context(planned, Slow(planned, Outbox(trouble=AWAY), None)), late
    )
    assert await state_of_that_mail(planned) == ("sent", 2, None)
    planned.clock.advance(hours=1)
    assert await deliver(delivery_context(planned)) == 0


async def test_a_message_that_kills_every_worker_fails(planned: Service) -> None:
    for _attempt in range(MOST_ATTEMPTS):
        await lease_messages(delivery_context(planned), Channel.EMAIL, 20)
        planned.clock.advance(minutes=6)
    outbox = Outbox()
    await deliver(delivery_context(planned, outbox))
    assert outbox.mails == []
    assert {(m.state, m.error) for m in await list_messages(planned, channel="email")} == {
        ("failed", "interrupted")
    }
