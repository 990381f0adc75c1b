"""Notifications that fail by the chosen channel are shown in the application."""

import shutil
from pathlib import Path

import pytest

from app.channels.errors import DeliveryDelayedError, DeliveryRefusedError
from app.services.notifications import wording
from app.services.notifications.delivery import MOST_ATTEMPTS, deliver
from app.vocabulary import Channel, Role
from tests.conftest import PLAN_FOLDER, Service
from tests.seed.test_failure import RIGHT, SUBJECT, WRONG, load
from tests.support.deliveries import (
    Outbox,
    add_account,
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
from tests.support.report_calls import XUAN_HONG, ok, review, submit_complete
from tests.support.seed_folders import correct

REFUSED = DeliveryRefusedError("550 no such user")


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A copy of the plan that cannot be loaded."""
    folder = Path(shutil.copytree(PLAN_FOLDER, tmp_path / "plan"))
    correct(folder / "agencies.csv", RIGHT, WRONG)
    return folder


async def refuse(service: Service, trouble: Exception = REFUSED) -> None:
    """Deliver now; mail servers and gateways fail."""
    outbox = Outbox(trouble=trouble)
    await deliver(delivery_context(service, outbox, outbox))


async def reminded(service: Service, *channels: Channel) -> None:
    """Plan a reminder for Xuân Hồng's reporter, who has chosen these channels."""
    await keep_rules(service, "before-3")
    await prefer(service, "xuan-hong", *channels)
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)


async def reminded_of_two(service: Service) -> None:
    """Plan reminders of two reports for Xuân Hồng's reporter, in one mail."""
    await add_rule(service, "six_month", offset_days=-8)
    await keep_rules(service, "before-3", "extra")
    await prefer(service, "xuan-hong", Channel.EMAIL)
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)


async def of_xuan_hong(service: Service) -> list[tuple[str, str, str]]:
    rows = await list_notifications(service, username="xuan-hong")
    return [(row.channel, row.state, row.why) for row in rows]


async def inbox(service: Service) -> list[str]:
    answer = await service.client("xuan-hong").get("/notifications")
    return [message["subject"] for message in ok(answer)["items"]]


async def told_in_the_application(service: Service) -> list[tuple[str, str]]:
    """The recipients at Xuân Hồng and the rules, in order."""
    rows = await list_notifications(service, channel="in_app")
    return [(row.username, row.rule) for row in rows if row.obligation.endswith(XUAN_HONG)]


async def test_a_refused_mail_is_shown_in_the_application(service: Service) -> None:
    await reminded(service, Channel.EMAIL)
    await refuse(service)
    await deliver_all(service)
    assert await of_xuan_hong(service) == [
        ("email", "failed", "delivery_error"),
        ("in_app", "sent", "fallback"),
    ]
    assert await inbox(service) == ["Còn 3 ngày: báo cáo quý II năm 2024"]


async def test_a_message_planned_in_the_application_is_not_repeated(service: Service) -> None:
    await reminded(service, Channel.EMAIL, Channel.IN_APP)
    await refuse(service)
    await deliver_all(service)
    assert len(await inbox(service)) == 1


async def test_a_message_sent_in_the_application_is_not_repeated(service: Service) -> None:
    await reminded(service, Channel.EMAIL, Channel.IN_APP)
    await refuse(service, DeliveryDelayedError("421 busy"))
    assert len(await inbox(service)) == 1
    service.clock.advance(minutes=1)
    await refuse(service)
    await deliver_all(service)
    assert len(await inbox(service)) == 1


async def test_an_earlier_reminder_in_the_application_does_not_replace_a_failed_one(
    service: Service,
) -> None:
    await keep_rules(service, "before-7", "before-3")
    await run_sweep(service)
    await deliver_all(service)
    await prefer(service, "xuan-hong", Channel.EMAIL)
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    await refuse(service)
    await deliver_all(service)
    assert [rule for _, rule in await told_in_the_application(service)] == ["before-7", "before-3"]


async def test_a_first_return_in_the_application_does_not_replace_a_failed_second_one(
    service: Service,
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    for channel in (Channel.IN_APP, Channel.EMAIL):
        await execute(service, "DELETE FROM notification_preference")
        await prefer(service, "xuan-hong", channel)
        await submit_complete(commune, XUAN_HONG)
        await review(office, "return", XUAN_HONG, reason="Chưa khớp.")
        await refuse(service)
        await deliver_all(service)
    assert await inbox(service) == ["Trả lại để sửa: báo cáo quý II năm 2024"] * 2


async def test_a_colleagues_message_does_not_replace_a_failed_mail(
    service: Service,
) -> None:
    await add_account(service, "colleague", Role.REPORTER, XUAN_HONG)
    await prefer(service, "colleague", Channel.IN_APP)
    await reminded(service, Channel.EMAIL)
    await refuse(service)
    await deliver_all(service)
    assert await told_in_the_application(service) == [
        ("colleague", "before-3"),
        ("xuan-hong", "before-3"),
    ]


async def test_a_failed_mail_of_several_reminders_falls_back_to_one_message(
    service: Service,
) -> None:
    await reminded_of_two(service)
    await refuse(service)
    await deliver_all(service)
    assert await inbox(service) == ["Còn 3 ngày: báo cáo quý II năm 2024 và 1 việc khác"]


async def test_only_valid_notifications_of_a_failed_mail_fall_back(service: Service) -> None:
    await reminded_of_two(service)
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await refuse(service)
    assert await told_in_the_application(service) == [("xuan-hong", "extra")]


async def test_a_failure_in_the_application_does_not_fall_back(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("reason")

    await reminded(service, Channel.IN_APP)
    monkeypatch.setattr(wording, "compose", fail)
    for _attempt in range(2 * MOST_ATTEMPTS):  # those at night do not count
        await deliver_all(service)
        service.clock.advance(hours=7)
    [message] = await list_messages(service, username="xuan-hong")
    assert (message.state, message.error_detail) == ("failed", "KeyError: 'reason'")


async def test_two_failed_channels_fall_back_to_one_message(service: Service) -> None:
    await add_webhook(service, "395")
    await reminded(service, Channel.EMAIL, Channel.WEBHOOK)
    await refuse(service)
    await deliver_all(service)
    assert len(await inbox(service)) == 1


async def test_a_delayed_message_does_not_fall_back_before_it_fails(
    service: Service,
) -> None:
    await reminded(service, Channel.EMAIL)
    seen_before_the_end = set()
    while (await list_messages(service, username="xuan-hong"))[0].state != "failed":
        seen_before_the_end |= {
            row.channel for row in await list_notifications(service, username="xuan-hong")
        }
        await refuse(service, DeliveryDelayedError("421 busy"))
        service.clock.advance(hours=6)
    assert seen_before_the_end == {"email"}
    await deliver_all(service)
    assert len(await inbox(service)) == 1


async def test_a_notification_superseded_by_the_failed_mail_is_planned_again(
    service: Service,
) -> None:
    await reminded(service, Channel.EMAIL)
    await refuse(service, DeliveryDelayedError("421 busy"))
    choice = {"channels": ["in_app"], "period_news": True}
    ok(await service.client("xuan-hong").put("/notifications/preferences", json=choice))
    service.clock.advance(minutes=1)
    await run_sweep(service)
    assert [state for _, state, _ in await of_xuan_hong(service)] == ["planned", "superseded"]
    await refuse(service)
    await deliver_all(service)
    assert await of_xuan_hong(service) == [
        ("email", "failed", "delivery_error"),
        ("in_app", "sent", "fallback"),
    ]


async def test_an_outdated_notification_does_not_fall_back(service: Service) -> None:
    await reminded(service, Channel.EMAIL)
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await refuse(service)
    await deliver_all(service)
    assert await inbox(service) == []


async def test_an_event_falls_back_too(service: Service) -> None:
    await prefer(service, "xuan-hong", Channel.EMAIL)
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await review(service.client("coordinator"), "accept", XUAN_HONG)
    await refuse(service)
    await deliver_all(service)
    assert await inbox(service) == ["Đã duyệt: báo cáo quý II năm 2024"]


async def subjects_of_the_office(service: Service) -> list[str]:
    answer = await service.client("coordinator").get("/notifications")
    return [message["subject"] for message in ok(answer)["items"]]


async def test_an_event_of_a_plan_falls_back_too(service: Service, faulty: Path) -> None:
    await prefer(service, "coordinator", Channel.EMAIL)
    await load(service, faulty)
    await refuse(service)
    await deliver_all(service)
    assert await subjects_of_the_office(service) == [SUBJECT]


async def test_an_event_of_a_plan_in_the_application_is_not_repeated(
    service: Service, faulty: Path
) -> None:
    await load(service, faulty)
    await refuse(service, DeliveryDelayedError("421 busy"))
    service.clock.advance(minutes=1)
    await refuse(service)
    await deliver_all(service)
    assert [(message.channel, message.state) for message in await list_messages(service)] == [
        ("email", "failed"),
        ("in_app", "sent"),
    ]


async def test_an_earlier_event_in_the_application_does_not_replace_a_failed_one(
    service: Service, faulty: Path
) -> None:
    await load(service, faulty)
    await deliver_all(service)
    await prefer(service, "coordinator", Channel.EMAIL)
    service.clock.advance(days=1)
    await load(service, faulty)
    await refuse(service)
    await deliver_all(service)
    assert await subjects_of_the_office(service) == [SUBJECT, SUBJECT]


async def test_a_failed_load_whose_mail_failed_is_not_mailed_again(
    service: Service, faulty: Path
) -> None:
    await prefer(service, "coordinator", Channel.EMAIL)
    await load(service, faulty)
    await refuse(service)
    await load(service, faulty)
    assert len(await list_messages(service, channel="email")) == 1
