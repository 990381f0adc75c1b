"""The texts of messages."""

from datetime import date, datetime

import pytest

from app.clock import LOCAL
from app.services.notifications.wording import (
    MessageLine,
    ObligationLine,
    Recipient,
    compose,
    name_field,
    period_name,
)
from app.vocabulary import Audience

XUAN_HONG = "15493"
NOW = datetime(2024, 6, 8, 8, tzinfo=LOCAL)


def line(**values: object) -> ObligationLine:
    plain: dict[str, object] = {
        "rule": "before-7",
        "audience": Audience.REPORTER,
        "template": "reminder",
        "facts": {"due_date": "2024-06-15"},
        "plan": "tho-xuan-2024",
        "plan_title": "Kế hoạch giảm nghèo bền vững năm 2024",
        "period": "2024-Q2",
        "period_name": "quý II năm 2024",
        "agency": XUAN_HONG,
        "agency_name": "Xã Xuân Hồng",
        "official_name": "UBND xã Xuân Hồng",
        "due_date": date(2024, 6, 15),
        "due_text": "trước ngày 15 tháng cuối quý",
        "timeliness": "due_soon",
        "days_late": 0,
        "days_left": 7,
        "report_status": "not_started",
        "correction_due": None,
        "missing": 1,
        "lacks_reporter": False,
    }
    return ObligationLine(**(plain | values))  # type: ignore[arg-type]  # the values of a test


def test_user_text_is_escaped_in_html() -> None:
    note = '<a href="http://evil.example">Bấm vào đây</a>'
    words = compose(
        Recipient("Nguyễn <b>A</b>", "http://127.0.0.1:8000"),
        [
            line(
                template="obligation.reminded",
                facts={"note": note},
                official_name="UBND xã <i>X</i>",
            )
        ],
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


def test_a_reminder_by_hand_has_a_subject_of_its_own() -> None:
    by_hand = compose(Recipient("A", "http://x"), [line(template="obligation.reminded")], NOW)
    by_itself = compose(Recipient("A", "http://x"), [line()], NOW)
    assert by_hand.subject == "Cơ quan tổng hợp nhắc: báo cáo quý II năm 2024"
    assert by_itself.subject == "Còn 7 ngày: báo cáo quý II năm 2024"
    assert "Còn 7 ngày" in by_hand.plain


def test_the_head_of_an_agency_is_asked_to_act() -> None:
    words = compose(Recipient("A", "http://x"), [line(audience=Audience.HEAD)], NOW)
    assert "Đề nghị chỉ đạo bộ phận phụ trách gửi báo cáo." in words.plain


def test_a_draft_is_mentioned() -> None:
    words = compose(Recipient("A", "http://x"), [line(report_status="draft")], NOW)
    assert "Báo cáo mới ở dạng dự thảo, chưa gửi." in words.plain


@pytest.mark.parametrize(
    ("frequency", "ordinal", "name"),
    [
        ("quarter", 2, "quý II năm 2024"),
        ("half_year", 1, "6 tháng đầu năm 2024"),
        ("half_year", 2, "6 tháng cuối năm 2024"),
        ("year", 1, "năm 2024"),
    ],
)
def test_periods_have_their_common_names(frequency: str, ordinal: int, name: str) -> None:
    assert period_name(frequency, ordinal, 2024) == name


BODY = {"entries": [{"indicator": "DA2.02"}], "disbursements": [{"project": "DA2"}]}


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("/entries/0/value", "Số liệu DA2.02"),
        ("/entries/1", "Số liệu"),
        ("/entries/7", "Số liệu"),
        ("/entries/-1", "Số liệu"),
        ("/entries/²", "Số liệu"),
        ("/disbursements/0/amount_vnd", "Giải ngân DA2"),
        ("/narrative/results", "Kết quả thực hiện"),
        ("/narrative", "Thuyết minh"),
        ("", "Toàn bộ báo cáo"),
        (None, "Toàn bộ báo cáo"),
        ("/whatever/x", "Toàn bộ báo cáo"),
    ],
)
def test_a_pointer_is_named_as_a_field(pointer: str | None, place: str) -> None:
    assert name_field(pointer, BODY) == place


def digest(*lines: ObligationLine) -> tuple[str, str]:
    words = compose(Recipient("A", "http://x"), lines, NOW)
    return words.subject, words.plain


def for_office(**values: object) -> ObligationLine:
    return line(audience=Audience.COORDINATOR, days_late=1, days_left=None, **values)


def test_a_digest_counts_all_missing_reports_and_lists_its_own() -> None:
    subject, text = digest(for_office(missing=29))
    assert subject == "Còn 29 đơn vị chưa gửi báo cáo quý II năm 2024"
    assert (
        "Báo cáo quý II năm 2024: 29 đơn vị chưa gửi. Hạn gửi: hết ngày 15/6/2024; kế hoạch ghi: "
        "trước ngày 15 tháng cuối quý.\n"
    ) in text
    assert "- UBND xã Xuân Hồng: quá hạn 1 ngày\n" in text
    assert "\nKế hoạch giảm nghèo bền vững năm 2024\n" in text
    assert "- và 28 đơn vị khác chưa gửi\n" in text
    assert "đơn vị khác" not in digest(for_office(missing=1))[1]
    extended = for_office(missing=31, due_date=date(2024, 6, 20), due_text=None)
    subject, text = digest(for_office(missing=29), extended)
    assert subject.startswith("Còn 31 đơn vị")
    assert "- UBND xã Xuân Hồng: quá hạn 1 ngày, hạn gửi hết ngày 20/6/2024\n" in text


def test_a_digest_line_marks_an_agency_without_an_account() -> None:
    _, text = digest(for_office(lacks_reporter=True))
    assert "- UBND xã Xuân Hồng: quá hạn 1 ngày (chưa có tài khoản)\n" in text


def test_a_message_contains_digest_and_other_lines() -> None:
    """The leadership of the district is also the head of its own agency."""
    own = line(audience=Audience.HEAD, official_name="UBND huyện Thọ Xuân", period_name="năm 2024")
    late = line(audience=Audience.LEADERSHIP, days_late=7, days_left=None)
    words = compose(Recipient("A", "http://x"), [own, late], NOW)
    assert words.subject == "Đề nghị đôn đốc: 1 đơn vị chưa gửi báo cáo quý II năm 2024"
    for text in (words.plain, words.html):
        assert "Đề nghị chỉ đạo, đôn đốc các đơn vị trên." in text
        assert "Còn 7 ngày: báo cáo năm 2024 của UBND huyện Thọ Xuân." in text
    assert "\n\n\n" not in words.plain


def test_lines_of_two_plans_are_distinguished() -> None:
    other = {"plan": "ntm-2024", "plan_title": "Kế hoạch nông thôn mới năm 2024"}
    subject, text = digest(for_office(missing=2), for_office(missing=3, **other))
    assert subject == (
        "Còn 2 đơn vị chưa gửi báo cáo quý II năm 2024 (Kế hoạch giảm nghèo bền vững năm 2024),"
        " 3 đơn vị chưa gửi báo cáo quý II năm 2024 (Kế hoạch nông thôn mới năm 2024)"
    )
    assert text.count("UBND xã Xuân Hồng") == 2
    subject, of_reporter = digest(line(), line(**other))
    assert subject == "Còn 7 ngày: báo cáo quý II năm 2024 và 1 việc khác"
    ours = "báo cáo quý II năm 2024 (Kế hoạch nông thôn mới năm 2024) của UBND xã Xuân Hồng."
    assert of_reporter.count(ours) == 1
    assert (
        "\nKế hoạch giảm nghèo bền vững năm 2024\nKế hoạch nông thôn mới năm 2024\n" in of_reporter
    )


def test_a_report_is_distinguished_from_an_event_of_another_plan() -> None:
    facts = {"folder": "ntm-2024", "count": 1, "findings": []}
    other = MessageLine(
        "plan.import_failed",
        Audience.COORDINATOR,
        "plan.import_failed",
        facts,
        "ntm-2024",
        "Kế hoạch nông thôn mới năm 2024",
    )
    words = compose(Recipient("A", "http://x"), [for_office(), other], NOW)
    assert "quý II năm 2024 (Kế hoạch giảm nghèo bền vững năm 2024)" in words.plain


@pytest.mark.parametrize(
    ("facts", "subject", "words"),
    [
        ({"first": True}, "Mở kỳ báo cáo quý II năm 2024", "đã mở. Hạn gửi: hết ngày 15/6/2024;"),
        ({}, "Mở lại kỳ báo cáo quý II năm 2024", "đã được mở lại. Hạn gửi: hết ngày 15/6/2024;"),
    ],
)
def test_a_new_period_is_distinguished_from_a_reopened_one(
    facts: dict[str, object], subject: str, words: str
) -> None:
    digest_text = digest(line(template="reporting_period.opened", facts=facts))
    assert digest_text[0] == subject
    assert words in digest_text[1]


def test_an_exemption_names_its_document() -> None:
    facts = {"reason": "Không được giao vốn.", "document_number": "413/UBND"}
    subject, text = digest(line(template="obligation.exempted", facts=facts))
    assert subject == "Được miễn báo cáo quý II năm 2024"
    assert (
        "\nUBND xã Xuân Hồng được miễn báo cáo quý II năm 2024 theo văn bản số 413/UBND. "
        "Lý do: Không được giao vốn.\n"
    ) in text


def test_a_late_agency_is_asked_to_hurry() -> None:
    _, text = digest(line(days_late=3, days_left=None))
    assert (
        "\nQuá hạn 3 ngày: báo cáo quý II năm 2024 của UBND xã Xuân Hồng. Hạn gửi: hết ngày "
        "15/6/2024; kế hoạch ghi: trước ngày 15 tháng cuối quý.\n"
        "Đề nghị đơn vị khẩn trương gửi báo cáo.\n"
    ) in text
    assert text.startswith("Kính gửi Ông/Bà A,\n")
