"""Delivery: leases, retries, failures, and channels that do not delay each other."""

import asyncio
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import text

from app.channels.errors import DeliveryRefusedError
from app.channels.mail import Envelope, Mailer, MessageText
from app.channels.webhook import Post
from app.services.notifications import delivery, wording
from app.services.notifications.delivery import MOST_ATTEMPTS, deliver, lease_messages, pause
from app.settings import Settings
from app.vocabulary import Channel
from tests.conftest import Service
from tests.support.deliveries import (
    AWAY,
    Outbox,
    add_rule,
    add_webhook,
    deliver_all,
    delivery_context,
    execute,
    keep_rules,
    list_messages,
    list_notifications,
    prefer,
    run_sweep,
)


class PerPerson(Outbox):
    """Raises an error for some recipients."""

    def __init__(self, **trouble: Exception) -> None:
        super().__init__()
        self.troubles = trouble

    async def take_mail(self, mail: Envelope) -> None:
        name = mail.email.removesuffix("@example.vn").replace("-", "_")
        if name in self.troubles:
            raise self.troubles[name]
        self.mails.append(mail)


async def test_each_message_leaves_once(planned: Service) -> None:
    outbox = Outbox()
    assert await deliver(delivery_context(planned, outbox)) == 10
    assert await deliver(delivery_context(planned, outbox)) == 0
    assert len(outbox.mails) == 5
    rows = await list_messages(planned)
    assert {(m.state, m.attempts, m.sent_at) for m in rows} == {("sent", 1, planned.clock.now())}
    assert {row.state for row in await list_notifications(planned)} == {"sent"}
    assert all(m.subject and m.body for m in rows)


async def test_several_workers_share_and_send_each_once(planned: Service) -> None:
    outbox = Outbox()
    taken = await asyncio.gather(*(deliver(delivery_context(planned, outbox)) for _ in range(4)))
    assert sum(taken) == 10
    assert len({mail.message_id for mail in outbox.mails}) == len(outbox.mails) == 5


async def test_an_unreachable_server_is_retried_with_growing_pauses(planned: Service) -> None:
    outbox = Outbox(trouble=AWAY)
    tries = []
    start = planned.clock.now()
    for _minute in range(40):
        before = (await list_messages(planned, username="xuan-hong", channel="email"))[0].attempts
        await deliver(delivery_context(planned, outbox))
        [mail] = await list_messages(planned, username="xuan-hong", channel="email")
        if mail.attempts > before:
            tries.append((planned.clock.now() - start) // timedelta(minutes=1))
        assert (mail.state, mail.error_detail) == ("waiting", "connection refused")
        planned.clock.advance(minutes=1)
    assert tries == [0, 1, 3, 7, 15, 31]
    outbox.trouble = None
    planned.clock.advance(hours=1)
    await deliver(delivery_context(planned, outbox))
    [mail] = await list_messages(planned, username="xuan-hong", channel="email")
    assert (mail.state, mail.error) == ("sent", None)
    assert len(outbox.mails) == 5


async def test_no_reminder_is_retried_during_its_quiet_hours(planned: Service) -> None:
    outbox = Outbox(trouble=AWAY)
    planned.clock.set("2024-06-10 20:58")
    await deliver(delivery_context(planned, outbox))
    outbox.trouble = None
    for moment in ("2024-06-10 21:00", "2024-06-10 23:30", "2024-06-11 05:59"):
        planned.clock.set(moment)
        await deliver(delivery_context(planned, outbox))
        assert outbox.mails == [], moment
    planned.clock.set("2024-06-11 06:00")
    await deliver(delivery_context(planned, outbox))
    assert len(outbox.mails) == 5


async def test_quiet_hours_within_a_day_delay_a_retry(service: Service) -> None:
    await keep_rules(service)
    await add_rule(service, offset_days=-5, quiet_from=time(11), quiet_until=time(13))
    service.clock.set("2024-06-10 10:58")
    await run_sweep(service)
    outbox = Outbox(trouble=AWAY)
    await deliver(delivery_context(service, outbox))
    outbox.trouble = None
    found = []
    for moment in ("11:00", "12:59", "13:00"):
        service.clock.set(f"2024-06-10 {moment}")
        await deliver(delivery_context(service, outbox))
        found.append(len(outbox.mails))
    assert found == [0, 0, 5]


async def test_a_rule_without_quiet_hours_is_retried_at_any_time(
    service: Service,
) -> None:
    await keep_rules(service)
    await add_rule(service, offset_days=-5, quiet_from=time(6), quiet_until=time(6))
    await run_sweep(service)
    outbox = Outbox(trouble=AWAY)
    await deliver(delivery_context(service, outbox))
    outbox.trouble = None
    service.clock.set("2024-06-10 23:30")
    await deliver(delivery_context(service, outbox))
    assert len(outbox.mails) == 5


async def test_a_mail_server_that_hangs_does_not_delay_other_channels(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two mails, queued first, occupy all slots of their channel."""
    monkeypatch.setattr(delivery, "AT_ONCE", 2)
    await add_webhook(service, "395")
    await prefer(service, "bac-luong", Channel.WEBHOOK, Channel.IN_APP)
    await run_sweep(service)
    await execute(
        service,
        "UPDATE message SET not_before = not_before - interval '1 hour' WHERE channel = 'email'",
    )
    hung, posted = asyncio.Event(), asyncio.Event()

    class Hanging(Outbox):
        async def take_mail(self, mail: Envelope) -> None:
            await hung.wait()
            self.mails.append(mail)

    class Posted(Outbox):
        async def send(self, item: Envelope | Post, now: datetime | None = None) -> None:
            await super().send(item, now)
            posted.set()

    mails = Hanging()
    going = asyncio.create_task(deliver(delivery_context(service, mails, Posted())))
    async with asyncio.timeout(10):
        await posted.wait()
    assert {row.state for row in await list_messages(service, channel="email")} == {
        "sending",
        "waiting",
    }
    hung.set()
    assert await going == 10
    assert len(mails.mails) == 4


async def test_the_longest_waiting_mail_is_sent_first(planned: Service) -> None:
    *_, last = await list_messages(planned, channel="email")
    await execute(
        planned,
        "UPDATE message SET not_before = not_before - interval '1 minute' WHERE id = :id",
        id=last.id,
    )
    assert [
        each.id for each in await lease_messages(delivery_context(planned), Channel.EMAIL, 1)
    ] == [last.id]


async def test_a_worker_skips_messages_that_another_is_leasing(planned: Service) -> None:
    async with planned.database.transaction() as session:
        await session.execute(
            text("SELECT id FROM message WHERE channel = 'email' LIMIT 1 FOR UPDATE")
        )
        async with asyncio.timeout(5):
            assert len(await lease_messages(delivery_context(planned), Channel.EMAIL, 20)) == 4


async def test_every_attempt_has_the_same_id_and_key(planned: Service) -> None:
    seen = []

    class Counting(Outbox):
        async def take_mail(self, mail: Envelope) -> None:
            seen.append((mail.email, mail.message_id, mail.key))
            raise AWAY

    for _ in range(3):
        await deliver(delivery_context(planned, Counting()))
        planned.clock.advance(hours=1)
    assert len(seen) == 15
    assert len(set(seen)) == 5


async def test_a_message_that_is_planned_again_has_the_same_key(planned: Service) -> None:
    """As after a restore of a backup that was made before the reminders of a morning."""
    before = await deliver_all(planned)
    await execute(planned, "DELETE FROM notification")
    await execute(planned, "DELETE FROM message")
    planned.clock.advance(minutes=50)
    await run_sweep(planned)
    after = await deliver_all(planned)
    assert {mail.key for mail in after.mails} == {mail.key for mail in before.mails}
    assert len({mail.key for mail in after.mails}) == 5
    assert len({mail.message_id for mail in [*before.mails, *after.mails]}) == 10


async def test_the_next_reminder_has_another_key(planned: Service) -> None:
    before = await deliver_all(planned)
    await keep_rules(planned, "before-3")
    planned.clock.set("2024-06-12 08:00")
    await run_sweep(planned)
    after = await deliver_all(planned)
    assert {mail.email for mail in after.mails} == {mail.email for mail in before.mails}
    assert not {mail.key for mail in after.mails} & {mail.key for mail in before.mails}


async def test_no_message_is_lost_by_a_weekend_without_mail(planned: Service) -> None:
    outbox = Outbox(trouble=AWAY)
    for _hour in range(60):
        await deliver(delivery_context(planned, outbox))
        planned.clock.advance(hours=1)
    outbox.trouble = None
    planned.clock.advance(hours=12)
    await deliver(delivery_context(planned, outbox))
    assert len(outbox.mails) == 5


async def test_the_last_attempt_marks_message_and_notification_as_failed(planned: Service) -> None:
    outbox = Outbox(trouble=AWAY)
    for _attempt in range(2 * MOST_ATTEMPTS):  # those at night do not count
        await deliver(delivery_context(planned, outbox))
        planned.clock.advance(hours=7)
    [mail] = await list_messages(planned, username="xuan-hong", channel="email")
    assert (mail.state, mail.attempts, mail.error_detail) == (
        "failed",
        MOST_ATTEMPTS,
        "connection refused",
    )
    [row] = await list_notifications(planned, username="xuan-hong", channel="email")
    assert (row.state, row.why_detail) == ("failed", "connection refused")


def test_pauses_double_up_to_six_hours_and_last_over_a_weekend() -> None:
    pauses = [pause(n) for n in range(1, MOST_ATTEMPTS)]
    assert pauses[:4] == [timedelta(minutes=n) for n in (1, 2, 4, 8)]
    assert max(pauses) == timedelta(hours=6)
    assert sum(pauses, timedelta()) > timedelta(hours=64)


async def test_a_refused_message_fails_at_once_without_affecting_others(
    planned: Service, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = PerPerson(xuan_hong=DeliveryRefusedError("550 no such user"), bac_luong=AWAY)
    await deliver(delivery_context(planned, outbox))
    found = {
        m.username: (m.state, m.error_detail) for m in await list_messages(planned, channel="email")
    }
    assert found.pop("xuan-hong") == ("failed", "550 no such user")
    [refused] = await list_messages(planned, username="xuan-hong", channel="email")
    assert caplog.messages == [
        f"message {refused.id} to xuan-hong by email failed: 550 no such user"
    ]
    assert refused.sent_at is None
    assert found.pop("bac-luong") == ("waiting", "connection refused")
    assert set(found.values()) == {("sent", None)}
    assert len(outbox.mails) == 3


async def test_an_unexpected_error_is_recorded_and_retried_without_affecting_others(
    planned: Service,
) -> None:
    outbox = PerPerson(agriculture=ZeroDivisionError("a fault"))
    await deliver(delivery_context(planned, outbox))
    [mail] = await list_messages(planned, username="agriculture", channel="email")
    assert (mail.state, mail.error_detail) == ("waiting", "ZeroDivisionError: a fault")
    assert len(outbox.mails) == 4


async def test_a_message_of_a_rehearsal_says_so(planned: Service) -> None:
    planned.clock.offset = timedelta(days=-300)
    mails = (await deliver_all(planned)).mails
    assert mails
    assert all(mail.text.subject.startswith("[Diễn tập] ") for mail in mails)


async def test_a_message_that_cannot_be_composed_does_not_affect_others(
    planned: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = wording.compose

    def fail_for_one(recipient: wording.Recipient, *rest: object, **options: object) -> MessageText:
        if recipient.full_name == "Xuan Hong":
            raise KeyError("reason")
        return compose(recipient, *rest, **options)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(wording, "compose", fail_for_one)
    assert len((await deliver_all(planned)).mails) == 4
    [mail] = await list_messages(planned, username="xuan-hong", channel="email")
    assert (mail.state, mail.error_detail, mail.subject) == ("waiting", "KeyError: 'reason'", None)


class OneHangs(Outbox):
    """The mail to Xuân Hồng hangs until `end` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.end = asyncio.Event(), asyncio.Event()
        self.open = self.most_open = 0

    async def take_mail(self, mail: Envelope) -> None:
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        if mail.email.startswith("xuan-hong"):
            self.begun.set()
            await self.end.wait()
        await asyncio.sleep(0.05)  # so that those under way meet
        self.open -= 1
        self.mails.append(mail)
        if len(self.mails) == 4:
            self.end.set()


async def first_to_xuan_hong(service: Service) -> None:
    await execute(
        service,
        "UPDATE message SET not_before = not_before - interval '1 hour'"
        " WHERE account_id = (SELECT id FROM account WHERE username = 'xuan-hong')",
    )


async def test_a_hanging_message_occupies_one_slot_only(
    planned: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "AT_ONCE", 2)
    await first_to_xuan_hong(planned)
    outbox = OneHangs()
    async with asyncio.timeout(10):
        assert await deliver(delivery_context(planned, outbox)) == 10
    assert outbox.letters[-1][0] == "xuan-hong"
    assert outbox.most_open == 2


async def test_no_message_is_leased_after_the_end_while_another_is_sent(
    planned: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "AT_ONCE", 2)
    await first_to_xuan_hong(planned)
    outbox = OneHangs()
    going = asyncio.create_task(
        deliver(delivery_context(planned, outbox), lambda: not outbox.mails)
    )
    await asyncio.wait({going}, timeout=1)
    outbox.end.set()
    await going
    assert len(outbox.mails) == 2


async def test_a_cancelled_delivery_cancels_a_hanging_message(planned: Service) -> None:
    outbox = OneHangs()
    going = asyncio.create_task(deliver(delivery_context(planned, outbox)))
    await outbox.begun.wait()
    going.cancel()
    ended, _ = await asyncio.wait({going}, timeout=5)
    outbox.end.set()
    assert ended
    assert going.cancelled()
    assert "xuan-hong" not in [name for name, _ in outbox.letters]


async def test_delivery_stops_leasing_when_it_may_not_continue(
    planned: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "AT_ONCE", 2)
    outbox = Outbox()
    assert await deliver(delivery_context(planned, outbox), lambda: len(outbox.mails) < 1) < 10
    assert {m.state for m in await list_messages(planned)} == {"sent", "waiting"}


async def test_an_account_without_an_address_fails_with_that_reason(planned: Service) -> None:
    await execute(planned, "UPDATE account SET email = NULL WHERE username = 'xuan-hong'")
    await deliver(delivery_context(planned, Mailer(Settings(smtp_url="smtp://127.0.0.1:9"))))
    [mail] = await list_messages(planned, username="xuan-hong", channel="email")
    assert (mail.state, mail.error) == ("failed", "no_mail_address")


async def test_the_nearest_active_webhook_gets_the_payload(service: Service) -> None:
    await prefer(service, "xuan-hong", Channel.WEBHOOK)
    await add_webhook(service, "395", "https://district.example/hook")
    await add_webhook(service, "38", "https://province.example/hook")
    await add_webhook(service, "15493", "https://commune.example/hook", active=False)
    await run_sweep(service)
    outbox = await deliver_all(service)
    [post] = outbox.posts
    assert (post.url, post.secret) == ("https://district.example/hook", "whsec_czNjcmV0")
    assert post.payload["recipient"]["username"] == "xuan-hong"
    assert post.payload["subject"] == "Còn 5 ngày: báo cáo quý II năm 2024"
    assert post.payload["obligations"] == [
        {
            "plan": "tho-xuan-2024",
            "period": "2024-Q2",
            "agency": "15493",
            "agency_name": "Xã Xuân Hồng",
            "due_date": "2024-06-15",
            "timeliness": "due_soon",
            "correction_due": None,
            "about": "before-7",
        }
    ]


async def test_the_oldest_webhook_of_an_agency_gets_the_messages(
    service: Service,
) -> None:
    await prefer(service, "xuan-hong", Channel.WEBHOOK)
    await add_webhook(service, "395", "https://first.example/hook")
    await add_webhook(service, "395", "https://second.example/hook")
    await execute(
        service, "UPDATE webhook SET secret = 'whsec_Y2hhbmdlZA==' WHERE url LIKE '%first%'"
    )
    await run_sweep(service)
    [post] = (await deliver_all(service)).posts
    assert post.url == "https://first.example/hook"


async def test_a_message_without_an_active_webhook_fails(service: Service) -> None:
    await prefer(service, "xuan-hong", Channel.WEBHOOK)
    await add_webhook(service, "395", "https://district.example/hook")
    await run_sweep(service)
    await execute(service, "UPDATE webhook SET active = false")
    await deliver_all(service)
    [message] = await list_messages(service, channel="webhook")
    assert (message.state, message.error) == ("failed", "no_webhook")
