"""Which notifications are repeated, and which are not."""

from datetime import time

import pytest

from app.vocabulary import Channel, Role
from tests.conftest import Service
from tests.support.deliveries import (
    add_account,
    add_rule,
    add_webhook,
    deliver_all,
    execute,
    keep_rules,
    list_messages,
    list_notifications,
    prefer,
    run_sweep,
)
from tests.support.report_calls import Q2, XUAN_HONG, ok, review, submit_complete

AT = f"/obligations/{Q2}/{XUAN_HONG}"
ALONE = "UPDATE account SET active = false WHERE role <> 'coordinator' AND username <> 'xuan-hong'"


@pytest.fixture
async def morning(service: Service) -> Service:
    """Three days before the due date at 8:00; only Xuân Hồng has an account."""
    await execute(service, ALONE)
    await keep_rules(service, "before-3")
    service.clock.set("2024-06-12 08:00")
    return service


async def mails_to_xuan_hong(service: Service) -> list[str]:
    return [
        subject for name, subject in (await deliver_all(service)).letters if name == "xuan-hong"
    ]


async def exempt(service: Service) -> None:
    ok(await service.client("coordinator").put(f"{AT}/exemption", json={"reason": "Nhầm."}))


async def exempt_no_more(service: Service) -> None:
    ok(await service.client("coordinator").delete(f"{AT}/exemption"))


async def close(service: Service) -> None:
    ok(await service.client("coordinator").post(f"/reporting-periods/{Q2}/close"))


async def open_again(service: Service) -> None:
    ok(await service.client("coordinator").post(f"/reporting-periods/{Q2}/open"))


async def leave(service: Service) -> None:
    await execute(service, "UPDATE account SET active = false WHERE username = 'xuan-hong'")


async def come_back(service: Service) -> None:
    await execute(service, "UPDATE account SET active = true WHERE username = 'xuan-hong'")


@pytest.mark.parametrize(
    ("stop", "resume"), [(exempt, exempt_no_more), (close, open_again), (leave, come_back)]
)
async def test_a_skipped_reminder_is_sent_when_the_reason_ends(
    morning: Service, stop: object, resume: object
) -> None:
    assert callable(stop)
    assert callable(resume)
    await run_sweep(morning)
    await stop(morning)
    assert "Còn 3 ngày: báo cáo quý II năm 2024" not in await mails_to_xuan_hong(morning)
    assert {row.state for row in await list_notifications(morning, rule="before-3")} == {"skipped"}
    morning.clock.advance(minutes=15)
    await run_sweep(morning)
    assert {row.state for row in await list_notifications(morning, rule="before-3")} == {"skipped"}
    await resume(morning)
    await run_sweep(morning)
    assert "Còn 3 ngày: báo cáo quý II năm 2024" in await mails_to_xuan_hong(morning)
    assert {row.state for row in await list_notifications(morning, rule="before-3")} == {"sent"}
    morning.clock.advance(minutes=15)
    assert (await run_sweep(morning)).messages == 0


async def test_a_renamed_rule_repeats_no_reminder(morning: Service) -> None:
    await run_sweep(morning)
    assert len(await mails_to_xuan_hong(morning)) == 1
    await execute(morning, "UPDATE reminder_rule SET code = 'truoc-3' WHERE code = 'before-3'")
    morning.clock.advance(hours=2)
    assert (await run_sweep(morning)).messages == 0
    assert {row.why for row in await list_notifications(morning, rule="truoc-3")} == {
        "already_notified"
    }


async def test_a_renamed_escalation_repeats_no_reminder(service: Service) -> None:
    await keep_rules(service, "escalate-7")
    service.clock.set("2024-06-25 08:00")
    assert (await run_sweep(service)).messages == 2
    await execute(service, "UPDATE reminder_rule SET code = 'len-huyen' WHERE code = 'escalate-7'")
    service.clock.advance(hours=2)
    assert (await run_sweep(service)).messages == 0


@pytest.mark.parametrize("has_left", [True, False])
async def test_an_added_channel_repeats_no_reminder(morning: Service, has_left: bool) -> None:
    await execute(morning, "UPDATE reminder_rule SET channels = '{email}' WHERE code = 'before-3'")
    await run_sweep(morning)
    if has_left:
        await deliver_all(morning)
    await add_webhook(morning, "395")
    await prefer(morning, "xuan-hong", Channel.EMAIL, Channel.WEBHOOK, Channel.IN_APP)
    morning.clock.advance(days=2)
    assert (await run_sweep(morning)).messages == 0
    rows = await list_notifications(morning, state="superseded")
    assert {(row.channel, row.why) for row in rows} == {
        ("webhook", "already_notified"),
        ("in_app", "already_notified"),
    }


@pytest.mark.parametrize(
    "drop",
    [
        "DELETE FROM reminder_rule WHERE code = 'before-3'",
        "UPDATE reminder_rule SET active = false WHERE code = 'before-3'",
    ],
)
async def test_a_pending_reminder_of_a_dropped_rule_is_not_sent(
    morning: Service, drop: str
) -> None:
    await run_sweep(morning)
    await execute(morning, drop)
    assert await mails_to_xuan_hong(morning) == []
    assert {row.why for row in await list_notifications(morning)} == {"rule_dropped"}


async def test_a_pending_reminder_that_an_agencys_rule_disables_is_not_sent(
    morning: Service,
) -> None:
    await run_sweep(morning)
    await add_rule(morning, code="before-3", agency=XUAN_HONG, offset_days=-3, active=False)
    assert await mails_to_xuan_hong(morning) == []


async def test_the_quiet_hours_of_one_rule_do_not_delay_another(morning: Service) -> None:
    await add_rule(morning, "six_month", offset_days=-8, quiet_from=time(7), quiet_until=time(20))
    await run_sweep(morning)
    assert await mails_to_xuan_hong(morning) == ["Còn 3 ngày: báo cáo quý II năm 2024"]
    morning.clock.set("2024-06-12 20:00")
    assert await mails_to_xuan_hong(morning) == ["Còn 8 ngày: báo cáo 6 tháng đầu năm 2024"]


@pytest.mark.parametrize("channels", [[Channel.EMAIL], [Channel.WEBHOOK], list(Channel)])
async def test_a_person_without_a_working_channel_is_notified_in_the_application(
    morning: Service, channels: list[Channel]
) -> None:
    await prefer(morning, "xuan-hong", *channels)
    await add_webhook(morning, "395", active=False)
    await execute(morning, "UPDATE account SET email = NULL WHERE username = 'xuan-hong'")
    await run_sweep(morning)
    await deliver_all(morning)
    (message,) = await list_messages(morning, username="xuan-hong")
    assert (message.channel, message.state) == ("in_app", "sent")
    reminded = await morning.client("coordinator").post(f"{AT}/remind", json={})
    assert ok(reminded) == {"told": 1}
    await deliver_all(morning)
    assert {row.state for row in await list_notifications(morning)} == {"sent"}


async def test_an_agency_that_ended_before_its_period_is_not_notified(service: Service) -> None:
    await add_account(service, "head", Role.VIEWER, XUAN_HONG)
    await execute(service, "UPDATE agency SET valid_to = '2024-05-31' WHERE code = '15493'")
    service.clock.set("2024-06-18 08:00")
    await run_sweep(service)
    assert await list_notifications(service, username="xuan-hong") == []
    assert await list_notifications(service, username="head") == []
    assert f"{Q2}/{XUAN_HONG}" not in {row.obligation for row in await list_notifications(service)}
    await close(service)
    assert await list_notifications(service, username="xuan-hong") == []


async def test_a_correction_in_a_closed_period_is_reminded(service: Service) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    office = service.client("coordinator")
    await review(office, "return", XUAN_HONG, reason="Sửa.", correction_due="2024-06-12")
    await close(service)
    assert (
        await list_notifications(service, username="xuan-hong", rule="reporting_period.closed")
        == []
    )
    service.clock.set("2024-06-11 08:00")
    await run_sweep(service)
    rows = await list_notifications(service, username="xuan-hong", rule="report.correction_due")
    assert {row.state for row in rows} == {"planned"}


async def test_each_return_is_reminded_although_the_due_date_is_the_same(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await keep_rules(service)
    await submit_complete(commune, XUAN_HONG)
    await review(office, "return", XUAN_HONG, reason="Sửa.", correction_due="2024-06-14")
    service.clock.set("2024-06-13 08:00")
    await run_sweep(service)
    await deliver_all(service)
    await submit_complete(commune, XUAN_HONG)
    await review(office, "return", XUAN_HONG, reason="Còn thiếu.", correction_due="2024-06-14")
    service.clock.set("2024-06-14 08:00")
    await run_sweep(service)
    assert "Hôm nay là hạn gửi lại: báo cáo quý II năm 2024" in await mails_to_xuan_hong(service)
