"""Notifications that are outdated when their message is sent are skipped."""

from collections.abc import Awaitable, Callable

import pytest

from app.vocabulary import Role
from tests.conftest import Service
from tests.support.deliveries import (
    add_account,
    deliver_all,
    execute,
    list_messages,
    list_notifications,
    return_report,
    run_sweep,
)
from tests.support.report_calls import XUAN_HONG, ok, review, submit_complete

Change = Callable[[Service], Awaitable[None]]
OBLIGATION, PERIOD = f"/obligations/2024-Q2/{XUAN_HONG}", "/reporting-periods/2024-Q2"


async def report_comes(service: Service) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)


async def is_extended(service: Service) -> None:
    answer = await service.client("coordinator").put(
        f"{OBLIGATION}/extension", json={"due_date": "2024-06-25", "reason": "Mưa lũ."}
    )
    ok(answer)


async def is_exempted(service: Service) -> None:
    answer = await service.client("coordinator").put(
        f"{OBLIGATION}/exemption", json={"reason": "Sáp nhập."}
    )
    ok(answer)


async def exemption_ends(service: Service) -> None:
    await is_exempted(service)
    await is_exempt_no_more(service)


async def is_exempt_no_more(service: Service) -> None:
    ok(await service.client("coordinator").delete(f"{OBLIGATION}/exemption"))


async def period_closes(service: Service) -> None:
    ok(await service.client("coordinator").post(f"{PERIOD}/close"))


async def period_opens(service: Service) -> None:
    ok(await service.client("coordinator").post(f"{PERIOD}/open"))


async def period_closes_by_mistake(service: Service) -> None:
    await period_closes(service)
    await period_opens(service)


async def is_accepted(service: Service) -> None:
    await report_comes(service)
    await review(service.client("coordinator"), "accept", XUAN_HONG)


async def is_reopened(service: Service) -> None:
    await review(service.client("coordinator"), "reopen", XUAN_HONG, note="Bổ sung.")


async def is_accepted_by_mistake(service: Service) -> None:
    await is_accepted(service)
    await is_reopened(service)


async def is_reminded(service: Service) -> None:
    ok(await service.client("coordinator").post(f"{OBLIGATION}/remind"))


async def correction_is_due(service: Service) -> None:
    await return_report(service, "2024-06-12")
    service.clock.set("2024-06-11 08:00")
    await run_sweep(service)


async def agency_ended(service: Service) -> None:
    await execute(service, "UPDATE agency SET valid_to = '2024-05-31' WHERE code = '15493'")


async def account_ends(service: Service) -> None:
    await execute(service, "UPDATE account SET active = false WHERE username = 'xuan-hong'")


async def person_moves(service: Service) -> None:
    await execute(
        service,
        "UPDATE account SET agency_id = (SELECT id FROM agency WHERE code = '15502')"
        " WHERE username = 'xuan-hong'",
    )


async def person_is_promoted(service: Service) -> None:
    await execute(service, "UPDATE account SET role = 'viewer' WHERE username = 'xuan-hong'")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (report_comes, "report_submitted"),
        (is_extended, "due_date_extended"),
        (is_exempted, "agency_exempt"),
        (period_closes, "period_closed"),
        (account_ends, "account_inactive"),
        (person_moves, "agency_changed"),
        (person_is_promoted, "role_changed"),
    ],
)
async def test_an_outdated_reminder_is_not_sent(service: Service, change: Change, why: str) -> None:
    await run_sweep(service)
    service.clock.advance(minutes=5)
    await change(service)
    letters = (await deliver_all(service)).letters
    assert "xuan-hong" not in {name for name, subject in letters if subject.startswith("Còn")}
    rows = await list_notifications(service, username="xuan-hong", rule="before-7")
    assert [(row.channel, row.state, row.why) for row in rows] == [
        ("email", "skipped", why),
        ("in_app", "skipped", why),
    ]
    states = {message.state for message in await list_messages(service, username="xuan-hong")}
    assert "empty" in states
    assert "waiting" not in states


@pytest.mark.parametrize(
    ("happens", "change", "rule", "why"),
    [
        (is_extended, is_exempted, "obligation.extended", "agency_exempt"),
        (
            is_extended,
            agency_ended,
            "obligation.extended",
            "agency_ended",
        ),
        (is_exempted, is_exempt_no_more, "obligation.exempted", "agency_not_exempt"),
        (exemption_ends, is_exempted, "obligation.exemption_ended", "agency_exempt"),
        (is_reminded, report_comes, "obligation.reminded", "report_submitted"),
        (is_accepted, is_reopened, "report.accepted", "report_not_accepted"),
        (is_accepted_by_mistake, report_comes, "report.reopened", "report_resubmitted"),
        (correction_is_due, report_comes, "report.correction_due", "report_resubmitted"),
        (period_closes, period_opens, "reporting_period.closed", "period_open"),
        (
            period_closes_by_mistake,
            period_closes,
            "reporting_period.opened",
            "period_closed",
        ),
    ],
)
async def test_an_outdated_event_is_not_sent(
    service: Service, happens: Change, change: Change, rule: str, why: str
) -> None:
    await happens(service)
    service.clock.advance(minutes=5)
    await change(service)
    await deliver_all(service)
    rows = await list_notifications(service, username="xuan-hong", rule=rule)
    assert {(row.state, row.why) for row in rows} == {("skipped", why)}


async def test_a_digest_omits_agencies_that_have_submitted_since(service: Service) -> None:
    service.clock.set("2024-06-14 08:00")
    await run_sweep(service)
    await report_comes(service)
    letters = (await deliver_all(service)).letters
    assert ("coordinator", "Còn 34 đơn vị chưa gửi báo cáo quý II năm 2024") in letters
    rows = await list_notifications(service, username="coordinator", channel="email")
    assert sorted({row.state for row in rows}) == ["sent", "skipped"]
    assert [row.obligation for row in rows if row.state == "skipped"] == [f"2024-Q2/{XUAN_HONG}"]


async def test_a_digest_counts_the_reports_due_by_that_day(service: Service) -> None:
    office = service.client("coordinator")
    later = {"due_date": "2024-06-25", "reason": "Mưa lũ."}
    ok(await office.put("/obligations/2024-Q2/15502/extension", json=later))
    await is_exempted(service)
    await execute(service, "UPDATE agency SET valid_to = '2024-05-31' WHERE code = '15505'")
    service.clock.set("2024-06-14 08:00")
    await run_sweep(service)
    [mail] = [m for m in (await deliver_all(service)).mails if m.email.startswith("coordinator")]
    assert mail.text.subject == "Còn 32 đơn vị chưa gửi báo cáo quý II năm 2024"
    assert "đơn vị khác chưa gửi" not in mail.text.plain


async def test_a_digest_marks_agencies_without_an_account(service: Service) -> None:
    await account_ends(service)
    service.clock.set("2024-06-14 08:00")
    await run_sweep(service)
    [mail] = [m for m in (await deliver_all(service)).mails if m.email.startswith("coordinator")]
    assert "- UBND xã Bắc Lương: còn 1 ngày\n" in mail.text.plain
    for agency in ("UBND xã Xuân Hồng", "UBND xã Nam Giang"):
        assert f"- {agency}: còn 1 ngày (chưa có tài khoản)\n" in mail.text.plain


@pytest.mark.parametrize(
    ("name", "agency"), [("coordinator", "38"), ("vice-chairman", "38"), ("vice-chairman", "15493")]
)
async def test_a_digest_is_not_sent_to_a_person_who_has_moved(
    service: Service, name: str, agency: str
) -> None:
    service.clock.set("2024-06-25 08:00")
    await run_sweep(service)
    await execute(
        service,
        "UPDATE account SET agency_id = (SELECT id FROM agency WHERE code = :agency)"
        " WHERE username = :name",
        agency=agency,
        name=name,
    )
    assert name not in {to for to, _ in (await deliver_all(service)).letters}
    why = {row.why for row in await list_notifications(service, username=name, state="skipped")}
    assert why == {"agency_changed"}


async def test_a_message_is_composed_when_it_is_sent(service: Service) -> None:
    service.clock.set("2024-06-14 08:00")
    await run_sweep(service)
    service.clock.set("2024-06-16 10:00")
    mine = [
        mail for mail in (await deliver_all(service)).mails if mail.email.startswith("xuan-hong")
    ]
    assert mine[0].text.subject.startswith("Quá hạn 1 ngày: báo cáo quý II năm 2024")


async def test_a_later_reminder_supersedes_a_pending_one(
    service: Service,
) -> None:
    """After an outage of the mail server, accumulated reminders are sent as one mail."""
    for moment in ("2024-06-12 08:00", "2024-06-14 08:00", "2024-06-15 08:00"):
        service.clock.set(moment)
        await run_sweep(service)
    mine = [text for name, text in (await deliver_all(service)).letters if name == "bac-luong"]
    assert len([text for text in mine if "quý II" in text]) == 1
    rows = await list_notifications(service, username="bac-luong", channel="email", rule="before-1")
    assert [(row.state, row.why) for row in rows] == [("superseded", "later_reminder")]


async def test_a_second_return_supersedes_the_first(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    for reason in ("Thiếu số liệu.", "Vẫn thiếu số liệu."):
        await submit_complete(commune, XUAN_HONG)
        await review(office, "return", XUAN_HONG, reason=reason)
        service.clock.advance(hours=1)
    [mail] = (await deliver_all(service)).mails
    assert "Vẫn thiếu số liệu." in mail.text.plain


async def test_a_return_is_not_sent_after_a_resubmission(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG)
    await review(office, "return", XUAN_HONG, reason="Thiếu số liệu.")
    await submit_complete(commune, XUAN_HONG)
    assert (await deliver_all(service)).mails == []
    why = {row.why for row in await list_notifications(service, rule="report.returned")}
    assert why == {"report_resubmitted"}


async def test_a_reminder_of_a_correction_with_a_new_due_date_is_not_sent(service: Service) -> None:
    await return_report(service, "2024-06-12")
    service.clock.set("2024-06-11 08:00")
    await run_sweep(service)
    await execute(service, "UPDATE report SET correction_due = '2024-06-20'")
    await deliver_all(service)
    why = {row.why for row in await list_notifications(service, rule="report.correction_due")}
    assert why == {"correction_moved"}


async def test_a_reminder_of_an_earlier_return_is_not_sent(
    service: Service,
) -> None:
    """The report was returned again with the same due date, which that notification names."""
    await return_report(service, "2024-06-12")
    service.clock.set("2024-06-11 08:00")
    await run_sweep(service)
    await return_report(service, "2024-06-12")
    await execute(service, "UPDATE message SET state = 'waiting'")
    await deliver_all(service)
    rows = await list_notifications(service, rule="report.correction_due")
    assert {(row.state, row.why) for row in rows} == {("skipped", "report_resubmitted")}
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    assert "Hôm nay là hạn gửi lại" in " ".join(
        text for _, text in (await deliver_all(service)).letters
    )


async def test_a_later_account_does_not_get_earlier_mail(service: Service) -> None:
    await run_sweep(service)
    await add_account(service, "late", Role.REPORTER, XUAN_HONG)
    assert "late" not in {name for name, _ in (await deliver_all(service)).letters}
