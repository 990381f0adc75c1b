"""Events notify the reporters of the agency, in the transaction of the event."""

from datetime import date

import pytest
from sqlalchemy import select

from app.channels.errors import DeliveryDelayedError
from app.models.obligations import Obligation
from app.services.notifications import events
from app.services.notifications.delivery import deliver
from app.vocabulary import Channel, EventKind, Role
from tests.conftest import Service
from tests.support.deliveries import (
    NotificationRow,
    Outbox,
    add_account,
    add_webhook,
    deliver_all,
    delivery_context,
    keep_rules,
    list_messages,
    list_notifications,
    prefer,
    return_report,
    run_sweep,
)
from tests.support.report_calls import XUAN_HONG, draft, ok, review, save, submit, submit_complete


def brief(rows: list[NotificationRow]) -> list[tuple[str, str, str]]:
    return [(row.username, row.channel, row.state) for row in rows]


async def test_a_decision_notifies_the_reporters_of_the_agency_by_both_channels(
    service: Service,
) -> None:
    await add_account(service, "colleague", Role.REPORTER, XUAN_HONG)
    await add_account(service, "gone", Role.REPORTER, XUAN_HONG, active=False)
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await review(service.client("coordinator"), "accept", XUAN_HONG, note="Số liệu khớp.")
    rows = await list_notifications(service, rule="report.accepted")
    assert sorted(brief(rows)) == [
        ("colleague", "email", "planned"),
        ("colleague", "in_app", "planned"),
        ("xuan-hong", "email", "planned"),
        ("xuan-hong", "in_app", "planned"),
    ]
    assert {row.obligation for row in rows} == {f"2024-Q2/{XUAN_HONG}"}
    assert len(await list_messages(service)) == 4
    [mail] = [m for m in (await deliver_all(service)).mails if m.email.startswith("xuan-hong")]
    assert mail.text.subject == "Đã duyệt: báo cáo quý II năm 2024"
    assert "đã được duyệt. Ghi chú: Số liệu khớp." in mail.text.plain


async def test_a_return_names_the_fields_of_its_comments(service: Service) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    comments = [
        {"pointer": "/entries/0/value", "text": "Danh sách có 11 hộ."},
        {"pointer": "/narrative/difficulties", "text": "Nêu rõ hơn."},
        {"pointer": "", "text": "Đóng dấu."},
    ]
    await review(
        service.client("coordinator"),
        "return",
        XUAN_HONG,
        reason="Chưa khớp.",
        comments=comments,
        correction_due="2024-06-20",
    )
    mail = (await deliver_all(service)).mails[0]
    assert mail.text.subject == "Trả lại để sửa: báo cáo quý II năm 2024"
    lines = mail.text.plain.splitlines()
    start = lines.index(
        "Báo cáo quý II năm 2024 của UBND xã Xuân Hồng được trả lại để sửa. Lý do: Chưa khớp."
    )
    first, *others = lines[start + 1 : start + 5]
    assert first.startswith("- Số liệu DA")
    assert first.endswith(": Danh sách có 11 hộ.")
    assert others == [
        "- Khó khăn, vướng mắc: Nêu rõ hơn.",
        "- Toàn bộ báo cáo: Đóng dấu.",
        "Hạn gửi lại: hết ngày 20/6/2024.",
    ]


async def test_a_payload_contains_the_due_date_of_a_correction(service: Service) -> None:
    await prefer(service, "xuan-hong", Channel.WEBHOOK)
    await add_webhook(service, "395", "https://district.example/hook")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    office = service.client("coordinator")
    await review(office, "return", XUAN_HONG, reason="Chưa khớp.", correction_due="2024-06-20")
    [post] = (await deliver_all(service)).posts
    [obligation] = post.payload["obligations"]
    assert (obligation["due_date"], obligation["correction_due"]) == ("2024-06-15", "2024-06-20")


async def test_a_second_return_names_the_fields_of_the_last_revision(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    body = (await draft(commune, XUAN_HONG))["draft"]
    await submit(commune, XUAN_HONG)
    await review(office, "return", XUAN_HONG, reason="Sửa.")
    await save(commune, XUAN_HONG, body | {"entries": body["entries"][::-1]})
    await submit(commune, XUAN_HONG)
    wrong = {"pointer": "/entries/0/value", "text": "Chưa khớp."}
    await review(office, "return", XUAN_HONG, reason="Sửa.", comments=[wrong])
    [mail] = [m for m in (await deliver_all(service)).mails if m.email.startswith("xuan-hong")]
    assert f"- Số liệu {body['entries'][-1]['indicator']}: Chưa khớp." in mail.text.plain


async def test_a_rollback_removes_the_notifications(service: Service) -> None:
    async with service.database.writing() as session:
        found = list(await session.scalars(select(Obligation.id)))
        made = await events.notify(
            session, EventKind.ACCEPTED, found, occurrence="once", now=service.clock.now()
        )
        assert made > 0
        await session.rollback()
    assert await list_messages(service) == []


async def test_an_agency_without_an_account_gets_no_message(service: Service) -> None:
    """The commune has no account; the extension succeeds nevertheless."""
    answer = await service.client("coordinator").put(
        "/obligations/2024-Q2/15505/extension",
        json={"due_date": "2024-06-25", "reason": "Mưa lũ."},
    )
    ok(answer)
    assert await list_messages(service) == []


async def test_preferences_set_the_channels_and_news_of_periods(
    service: Service,
) -> None:
    await prefer(service, "xuan-hong", Channel.IN_APP, news=False)
    await prefer(service, "bac-luong", Channel.EMAIL)
    office = service.client("coordinator")
    for change, event in (("close", "closed"), ("open", "opened")):
        ok(await office.post(f"/reporting-periods/2024-Q2/{change}"))
        rows = await list_notifications(service, rule=f"reporting_period.{event}")
        names = [(row.username, row.channel) for row in rows]
        assert ("bac-luong", "email") in names
        assert ("bac-luong", "in_app") not in names
        assert "xuan-hong" not in {name for name, _ in names}
    answer = await office.put(
        f"/obligations/2024-H1/{XUAN_HONG}/extension",
        json={"due_date": "2024-06-25", "reason": "Mưa lũ."},
    )
    ok(answer)
    rows = await list_notifications(service, rule="obligation.extended")
    assert brief(rows) == [("xuan-hong", "in_app", "planned")]


async def test_each_obligation_has_its_own_occurrence(service: Service) -> None:
    async with service.database.transaction() as session:
        found = await session.scalars(
            select(Obligation.id).where(Obligation.due_date == date(2024, 6, 15))
        )
        occurrences = {obligation: f"no. {n}" for n, obligation in enumerate(found)}
        made = await events.notify_each(
            session, EventKind.CORRECTION_DUE, occurrences, now=service.clock.now()
        )
    assert made == 10
    assert len({row.occurrence for row in await list_notifications(service)}) == 5


@pytest.mark.parametrize(
    ("due", "seen_on"),
    [
        (
            "2024-06-12",
            {"2024-06-11": "Còn 1 ngày để gửi lại", "2024-06-13": "Quá hạn gửi lại 1 ngày"},
        ),
        # Returned today and due tomorrow: the notice of the return has just said so.
        (
            "2024-06-11",
            {"2024-06-11": "Hôm nay là hạn gửi lại", "2024-06-12": "Quá hạn gửi lại 1 ngày"},
        ),
    ],
)
async def test_a_correction_is_reminded_the_day_before_and_once_when_overdue(
    service: Service, due: str, seen_on: dict[str, str]
) -> None:
    await keep_rules(service)
    await return_report(service, due)
    found = {}
    for day in range(10, 20):
        for hour in ("07:59", "08:00", "09:00"):
            service.clock.set(f"2024-06-{day} {hour}")
            await run_sweep(service)
            for name, subject in (await deliver_all(service)).letters:
                assert (name, hour) == ("xuan-hong", "08:00")
                assert f"2024-06-{day}" not in found
                found[f"2024-06-{day}"] = subject
    assert found == {
        day: f"{standing}: báo cáo quý II năm 2024" for day, standing in seen_on.items()
    }


async def test_a_submitted_correction_is_not_reminded(service: Service) -> None:
    await keep_rules(service)
    await return_report(service, "2024-06-12")
    service.clock.set("2024-06-10 15:00")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    service.clock.set("2024-06-11 08:00")
    await run_sweep(service)
    assert await list_notifications(service, rule="report.correction_due") == []


async def test_a_successor_is_reminded_of_a_correction(service: Service) -> None:
    await keep_rules(service)
    await return_report(service, "2024-06-12")
    service.clock.set("2024-06-11 08:00")
    for name in (None, "successor"):
        if name:
            await add_account(service, name, Role.REPORTER, XUAN_HONG)
        for _ in range(2):
            await run_sweep(service)
            letters = (await deliver_all(service)).letters
            service.clock.advance(minutes=1)
            assert [to for to, _ in letters] in ([name or "xuan-hong"], [])
    rows = await list_notifications(service, rule="report.correction_due", channel="email")
    assert brief(rows) == [("xuan-hong", "email", "sent"), ("successor", "email", "sent")]


async def test_no_correction_is_reminded_at_night(service: Service) -> None:
    await keep_rules(service)
    await return_report(service, "2024-06-12")
    for at in ("2024-06-11 21:00", "2024-06-12 07:59"):
        service.clock.set(at)
        await run_sweep(service)
    assert await list_notifications(service, rule="report.correction_due") == []


async def test_a_reminder_of_a_correction_is_not_retried_at_night(
    service: Service,
) -> None:
    await keep_rules(service)
    await return_report(service, "2024-06-12")
    service.clock.set("2024-06-11 20:58")
    await run_sweep(service)
    outbox = Outbox(trouble=DeliveryDelayedError("421 busy"))
    await deliver(delivery_context(service, outbox))
    outbox.trouble = None
    found = []
    for at in ("2024-06-11 21:00", "2024-06-12 07:59", "2024-06-12 08:00"):
        service.clock.set(at)
        await deliver(delivery_context(service, outbox))
        found.append(len(outbox.mails))
    assert found == [0, 0, 1]
    rows = await list_notifications(service, rule="report.correction_due")
    assert {row.why for row in rows} == {"due"}


async def test_a_correction_missed_during_an_outage_is_reminded_once(service: Service) -> None:
    await keep_rules(service)
    await return_report(service, "2024-06-12")
    service.clock.set("2024-06-15 10:00")  # a Saturday
    await run_sweep(service)
    assert (await deliver_all(service)).letters == []
    service.clock.set("2024-06-17 10:00")
    await run_sweep(service)
    assert (await deliver_all(service)).letters == [
        ("xuan-hong", "Quá hạn gửi lại 5 ngày: báo cáo quý II năm 2024")
    ]


async def test_new_periods_are_announced_by_one_message(
    service: Service,
) -> None:
    service.clock.set("2024-12-20 09:00")
    office = service.client("coordinator")
    ok(await office.post("/reporting-periods/generate", json={"year": 2025}))
    rows = await list_notifications(service, username="xuan-hong", channel="email")
    assert {row.rule for row in rows} == {"reporting_period.opened"}
    assert len(rows) == 6
    letters = [
        subject for name, subject in (await deliver_all(service)).letters if name == "xuan-hong"
    ]
    assert letters == ["Mở kỳ báo cáo quý I năm 2025 và 5 việc khác"]


async def test_past_periods_are_not_announced(service: Service) -> None:
    office = service.client("coordinator")
    ok(await office.post("/reporting-periods/generate", json={"year": 2022}))
    assert await list_notifications(service) == []


async def test_an_exemption_and_its_end_are_notified(service: Service) -> None:
    office = service.client("coordinator")
    at = f"/obligations/2024-Q2/{XUAN_HONG}/exemption"
    ok(await office.put(at, json={"reason": "Không được giao vốn."}))
    assert ("xuan-hong", "Được miễn báo cáo quý II năm 2024") in (
        await deliver_all(service)
    ).letters
    ok(await office.delete(at))
    letters = (await deliver_all(service)).letters
    assert ("xuan-hong", "Không còn được miễn báo cáo quý II năm 2024") in letters
