"""Notifications of reports that have come: to the agency at once, to the coordinators collected."""

from tests.conftest import Service
from tests.support.deliveries import deliver_all, keep_rules, list_notifications, run_sweep
from tests.support.report_calls import BAC_LUONG, XUAN_HONG, ok, review, submit_complete

PREFERENCES = "/notifications/preferences"


async def letters_of(service: Service, name: str) -> list[str]:
    """The subjects of the mails that a person gets now."""
    await run_sweep(service)
    return [subject for to, subject in (await deliver_all(service)).letters if to == name]


async def test_the_sender_learns_that_the_report_came(service: Service) -> None:
    await keep_rules(service)
    service.clock.set("2024-06-10 14:00")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await run_sweep(service)
    mails = (await deliver_all(service)).mails
    assert [mail.email for mail in mails] == ["xuan-hong@example.vn"]
    assert mails[0].text.subject == "Đã nhận báo cáo quý II năm 2024"
    assert (
        "\nĐã nhận báo cáo quý II năm 2024 của UBND xã Xuân Hồng lúc 14:00 ngày 10/6/2024 "
        "(bản gửi số 1), đúng hạn.\n"
    ) in mails[0].text.plain
    assert await letters_of(service, "xuan-hong") == []


async def test_the_coordinator_gets_one_message_of_several_reports(service: Service) -> None:
    await keep_rules(service)
    service.clock.set("2024-06-17 09:00")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    assert await letters_of(service, "coordinator") == []
    service.clock.advance(minutes=30)
    await submit_complete(service.client("bac-luong"), BAC_LUONG)
    assert await letters_of(service, "coordinator") == []
    service.clock.advance(minutes=31)
    [mail] = [
        mail
        for mail in (await deliver_all(service)).mails
        if mail.email == "coordinator@example.vn"
    ]
    assert mail.text.subject == "Đã có 2 báo cáo quý II năm 2024"
    assert (
        "\nĐã có báo cáo quý II năm 2024:\n"
        "- UBND xã Xuân Hồng: gửi lúc 09:00 ngày 17/6/2024, chậm 2 ngày\n"
        "- UBND xã Bắc Lương: gửi lúc 09:30 ngày 17/6/2024, chậm 2 ngày\n"
    ) in mail.text.plain
    service.clock.advance(hours=3)
    assert await letters_of(service, "coordinator") == []


async def test_a_report_that_came_again_is_told_again(service: Service) -> None:
    await keep_rules(service)
    service.clock.set("2024-06-10 09:00")
    reporter = service.client("xuan-hong")
    await submit_complete(reporter, XUAN_HONG)
    await run_sweep(service)
    await review(service.client("coordinator"), "return", XUAN_HONG, reason="Chưa khớp.")
    service.clock.advance(hours=2)
    assert await letters_of(service, "coordinator") == []  # the coordinator has read it
    await submit_complete(reporter, XUAN_HONG)
    assert await letters_of(service, "coordinator") == []
    service.clock.advance(hours=1)
    assert await letters_of(service, "coordinator") == [
        "Đã có báo cáo quý II năm 2024 của UBND xã Xuân Hồng"
    ]
    rows = await list_notifications(service, username="coordinator", channel="email")
    assert [(row.occurrence, row.state) for row in rows] == [
        ("revision/1", "superseded"),
        ("revision/2", "sent"),
    ]


async def test_coordinators_are_not_notified_at_night(service: Service) -> None:
    await keep_rules(service)
    service.clock.set("2024-06-10 20:30")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await run_sweep(service)
    service.clock.advance(hours=1)
    assert await letters_of(service, "coordinator") == []
    service.clock.set("2024-06-11 06:00")
    assert await letters_of(service, "coordinator") == [
        "Đã có báo cáo quý II năm 2024 của UBND xã Xuân Hồng"
    ]


async def test_news_of_reports_can_be_switched_off(service: Service) -> None:
    await keep_rules(service)
    for name in ("xuan-hong", "coordinator"):
        body = {"channels": ["email"], "period_news": False}
        ok(await service.client(name).put(PREFERENCES, json=body))
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await run_sweep(service)
    assert await list_notifications(service, rule="report.received") == []
    assert await list_notifications(service, rule="report.arrived") == []
