"""Between planning and sending things change: nothing goes out that is no longer true."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime

import pytest

from app.clock import LOCAL
from app.services.messages import Line, Recipient, compose, day, period_name, place_of
from app.vocabulary import Audience, Role
from tests.conftest import Service
from tests.reminding import (
    add_account,
    carried,
    execute,
    returned,
    sent,
    swept,
    told,
)
from tests.reporting import XUAN_HONG, review, seen, send

Change = Callable[[Service], Awaitable[None]]


async def report_comes(service: Service) -> None:
    await send(service.client("xuan-hong"), XUAN_HONG)


async def is_extended(service: Service) -> None:
    answer = await service.client("coordinator").put(
        f"/obligations/2024-Q2/{XUAN_HONG}/extension",
        json={"due_date": "2024-06-25", "reason": "Mưa lũ."},
    )
    seen(answer)
    await execute(service, "UPDATE message SET state = 'sent' WHERE id > :id", id=10)


async def is_exempted(service: Service) -> None:
    answer = await service.client("coordinator").put(
        f"/obligations/2024-Q2/{XUAN_HONG}/exemption", json={"reason": "Sáp nhập."}
    )
    seen(answer)


async def period_closes(service: Service) -> None:
    seen(await service.client("coordinator").post("/reporting-periods/2024-Q2/close"))
    await execute(service, "UPDATE message SET state = 'sent' WHERE id > :id", id=10)


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
        (report_comes, "the report has come"),
        (is_extended, "the due date was extended"),
        (is_exempted, "the agency was exempted"),
        (period_closes, "the period is closed"),
        (account_ends, "the account is no longer active"),
        (person_moves, "the person has moved to another agency"),
        (person_is_promoted, "the person has another role now"),
    ],
)
async def test_a_reminder_that_is_no_longer_true_does_not_leave(
    service: Service, change: Change, why: str
) -> None:
    await swept(service)
    service.clock.advance(minutes=5)
    await change(service)
    letters = (await sent(service)).letters
    assert "xuan-hong" not in {name for name, _ in letters}
    rows = await told(service, username="xuan-hong", rule="before-7")
    assert [(row.channel, row.state, row.why) for row in rows] == [
        ("email", "skipped", why),
        ("in_app", "skipped", why),
    ]
    states = {message.state for message in await carried(service, username="xuan-hong")}
    assert "empty" in states
    assert "waiting" not in states


async def test_a_digest_leaves_out_who_has_reported_meanwhile(service: Service) -> None:
    service.clock.set("2024-06-14 08:00")
    await swept(service)
    await report_comes(service)
    letters = (await sent(service)).letters
    assert ("coordinator", "Còn 34 đơn vị chưa gửi báo cáo quý II năm 2024") in letters
    rows = await told(service, username="coordinator", channel="email")
    assert sorted({row.state for row in rows}) == ["sent", "skipped"]
    assert [row.obligation for row in rows if row.state == "skipped"] == [f"2024-Q2/{XUAN_HONG}"]


@pytest.mark.parametrize(
    ("name", "agency"), [("coordinator", "38"), ("vice-chairman", "38"), ("vice-chairman", "15493")]
)
async def test_a_digest_does_not_follow_a_person_out_of_the_office(
    service: Service, name: str, agency: str
) -> None:
    service.clock.set("2024-06-22 08:00")
    await swept(service)
    await execute(
        service,
        "UPDATE account SET agency_id = (SELECT id FROM agency WHERE code = :agency)"
        " WHERE username = :name",
        agency=agency,
        name=name,
    )
    assert name not in {to for to, _ in (await sent(service)).letters}
    why = {row.why for row in await told(service, username=name, state="skipped")}
    assert why == {"the person has moved to another agency"}


async def test_words_are_of_the_moment_in_which_it_leaves(service: Service) -> None:
    service.clock.set("2024-06-14 08:00")
    await swept(service)
    service.clock.set("2024-06-16 10:00")
    mine = [mail for mail in (await sent(service)).mails if mail.email.startswith("xuan-hong")]
    assert mine[0].text.subject.startswith("Quá hạn 1 ngày: báo cáo quý II năm 2024")


async def test_a_newer_reminder_takes_the_place_of_one_that_still_waits(
    service: Service,
) -> None:
    """The mail server was away for days: what piled up leaves as one letter."""
    for moment in ("2024-06-12 08:00", "2024-06-14 08:00", "2024-06-15 08:00"):
        service.clock.set(moment)
        await swept(service)
    mine = [text for name, text in (await sent(service)).letters if name == "bac-luong"]
    assert len([text for text in mine if "quý II" in text]) == 1
    rows = await told(service, username="bac-luong", channel="email", rule="before-1")
    assert [(row.state, row.why) for row in rows] == [("superseded", "a later reminder says more")]


async def test_a_second_return_takes_the_place_of_the_first(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    for reason in ("Thiếu số liệu.", "Vẫn thiếu số liệu."):
        await send(commune, XUAN_HONG)
        await review(office, "return", XUAN_HONG, reason=reason)
        service.clock.advance(hours=1)
    [mail] = (await sent(service)).mails
    assert "Vẫn thiếu số liệu." in mail.text.plain


async def test_a_return_that_was_answered_already_is_not_told(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await send(commune, XUAN_HONG)
    await review(office, "return", XUAN_HONG, reason="Thiếu số liệu.")
    await send(commune, XUAN_HONG)
    assert (await sent(service)).mails == []
    why = {row.why for row in await told(service, rule="report.returned")}
    assert why == {"the report was sent again"}


async def test_a_correction_that_was_put_off_is_not_asked_for(service: Service) -> None:
    await returned(service, "2024-06-12")
    service.clock.set("2024-06-11 08:00")
    await swept(service)
    await execute(service, "UPDATE report SET correction_due = '2024-06-20'")
    await sent(service)
    why = {row.why for row in await told(service, rule="report.correction_due")}
    assert why == {"the correction is due on another day"}


NOW = datetime(2024, 6, 8, 8, tzinfo=LOCAL)


def line(**values: object) -> Line:
    plain: dict[str, object] = {
        "notification_id": 1,
        "rule": "before-7",
        "audience": Audience.REPORTER,
        "template": "reminder",
        "facts": {"due_date": "2024-06-15"},
        "plan": "tho-xuan-2024",
        "period": "2024-Q2",
        "period_name": "quý II năm 2024",
        "agency": XUAN_HONG,
        "agency_name": "Xã Xuân Hồng",
        "due_date": date(2024, 6, 15),
        "timeliness": "due_soon",
        "days_late": 0,
        "days_left": 7,
        "report_status": "not_started",
        "correction_due": None,
    }
    return Line(**(plain | values))  # type: ignore[arg-type]  # the values of a test


def test_what_people_wrote_is_text_in_html_not_markup() -> None:
    note = '<a href="http://evil.example">Bấm vào đây</a>'
    words = compose(
        Recipient("Nguyễn <b>A</b>", "http://127.0.0.1:8000"),
        [line(template="obligation.reminded", facts={"note": note}, agency_name="Xã <i>X</i>")],
        NOW,
    )
    assert note in words.plain
    for tag in ('<a href="http://evil', "<b>", "<i>"):
        assert tag not in words.html
    assert "&lt;a href=" in words.html


def test_a_subject_is_one_line() -> None:
    words = compose(Recipient("A", "http://x"), [line(period_name="quý II\r\nBcc: x@y.vn")], NOW)
    assert "\n" not in words.subject
    assert "\r" not in words.subject


def test_a_reminder_by_hand_is_told_from_the_services_own_of_the_same_day() -> None:
    by_hand = compose(Recipient("A", "http://x"), [line(template="obligation.reminded")], NOW)
    by_itself = compose(Recipient("A", "http://x"), [line()], NOW)
    assert by_hand.subject == "Cơ quan tổng hợp nhắc: báo cáo quý II năm 2024"
    assert by_itself.subject == "Còn 7 ngày: báo cáo quý II năm 2024"
    assert "Còn 7 ngày" in by_hand.plain


def test_the_head_of_an_agency_is_asked_to_see_to_it() -> None:
    words = compose(Recipient("A", "http://x"), [line(audience=Audience.HEAD)], NOW)
    assert "Đề nghị chỉ đạo bộ phận phụ trách gửi báo cáo." in words.plain


def test_a_draft_is_mentioned() -> None:
    words = compose(Recipient("A", "http://x"), [line(report_status="draft")], NOW)
    assert "Báo cáo mới là bản nháp, chưa gửi." in words.plain


@pytest.mark.parametrize(
    ("value", "written"),
    [("2024-06-05", "05/6/2024"), ("2024-02-29", "29/02/2024"), ("2024-10-15", "15/10/2024")],
)
def test_days_are_written_as_in_official_documents(value: str, written: str) -> None:
    assert day(date.fromisoformat(value)) == written


@pytest.mark.parametrize(
    ("frequency", "ordinal", "name"),
    [
        ("quarter", 2, "quý II năm 2024"),
        ("half_year", 1, "6 tháng đầu năm 2024"),
        ("half_year", 2, "6 tháng cuối năm 2024"),
        ("year", 1, "năm 2024"),
    ],
)
def test_periods_have_the_names_that_people_use(frequency: str, ordinal: int, name: str) -> None:
    assert period_name(frequency, ordinal, 2024) == name


BODY = {"entries": [{"indicator": "DA2.02"}], "disbursements": [{"project": "DA2"}]}


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("/entries/0/value", "Số liệu DA2.02"),
        ("/entries/7", "Số liệu"),
        ("/entries/-1", "Số liệu"),
        ("/disbursements/0/amount_vnd", "Giải ngân DA2"),
        ("/narrative/results", "Kết quả thực hiện"),
        ("/narrative", "Thuyết minh"),
        ("", "Toàn bộ báo cáo"),
        (None, "Toàn bộ báo cáo"),
        ("/whatever/x", "Toàn bộ báo cáo"),
    ],
)
def test_a_pointer_is_named_as_a_place(pointer: str | None, place: str) -> None:
    assert place_of(pointer, BODY) == place


async def test_an_account_made_later_does_not_get_older_mail(service: Service) -> None:
    await swept(service)
    await add_account(service, "late", Role.REPORTER, XUAN_HONG)
    assert "late" not in {name for name, _ in (await sent(service)).letters}
