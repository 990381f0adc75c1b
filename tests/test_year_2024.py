"""The notifications of the year 2024, day by day, compared with a golden file.

If a change of the service is intended to change the file, rewrite it and review the difference:

    TIENDO_RENEW_GOLDEN=1 .venv/bin/pytest tests/test_year_2024.py; git diff tests/data
"""

import difflib
import os
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from app.channels.errors import DeliveryDelayedError
from app.clock import LOCAL
from tests.conftest import PLAN_IN_FORCE, Service
from tests.support.deliveries import Outbox
from tests.support.notification_log import NotificationLog
from tests.support.steps import (
    Step,
    accepts,
    closes,
    closes_account,
    drafts,
    exempts,
    extends,
    external_event,
    opens,
    opens_account,
    prefers,
    reminds,
    reopens,
    returns,
    submits,
)
from tests.support.verification import list_findings

GOLDEN = Path(__file__).parent / "data" / "year-2024.txt"
RENEW = "TIENDO_RENEW_GOLDEN"

XUAN_HONG, BAC_LUONG, NAM_GIANG, XUAN_PHONG = "15493", "15502", "15505", "15508"
SAO_VANG, LABOUR, AGRICULTURE, HEALTH = "15553", "395-LDTBXH", "395-NNPTNT", "395-TTYT"

HEAD = """\
NĂM 2024 CỦA KẾ HOẠCH THO-XUAN-2024: AI NHẬN THÔNG BÁO GÌ, NGÀY NÀO

  xuan-hong          Xã Xuân Hồng: luôn đúng hạn
  bac-luong          Xã Bắc Lương: luôn chậm
  nam-giang          Xã Nam Giang: không bao giờ gửi; chu-tich-nam-giang theo dõi đơn vị
  xuan-phong         Xã Xuân Phong: bị trả lại, gửi lại chậm
  sao-vang           Thị trấn Sao Vàng: nghỉ việc tháng 9, sao-vang-moi thay
  labour-reporter    Phòng Lao động - Thương binh và Xã hội: gửi trước khi ai nhắc
  agriculture        Phòng Nông nghiệp: chỉ nhận trong ứng dụng, quý III được gia hạn
  health-centre      Trung tâm Y tế: được miễn báo cáo 6 tháng
  coordinator        Cơ quan tổng hợp
  vice-chairman      Lãnh đạo huyện

  27 đơn vị khác có nghĩa vụ mà không có tài khoản. Hạn gửi: 2024-Q1 15/3 (trước khi có kế hoạch,
  nên được miễn), 2024-Q2 15/6, 2024-H1 20/6, 2024-Q3 15/9, 2024-Y 10/12, 2024-Q4 15/12.
  Dòng có -- ở đầu là việc đã xảy ra; dòng trong ngoặc là thông báo không gửi, với lý do.
"""

SERVER_DOWN = ("2024-09-14 00:00", "2024-09-17 09:30")
MAIL_DOWN = ("2024-12-07 00:00", "2024-12-09 11:30")

YEAR: list[tuple[str, Step]] = [
    ("2024-04-02 09:00", opens_account("nam-giang", "Lê Văn Nam", "reporter", NAM_GIANG)),
    ("2024-04-02 09:05", opens_account("chu-tich-nam-giang", "Trần Thị Lan", "viewer", NAM_GIANG)),
    ("2024-04-02 09:10", opens_account("xuan-phong", "Hà Thị Phong", "reporter", XUAN_PHONG)),
    ("2024-04-02 09:15", opens_account("sao-vang", "Đỗ Minh Sao", "reporter", SAO_VANG)),
    ("2024-04-03 10:00", prefers("agriculture", "in_app")),
    ("2024-04-10 15:00", submits("xuan-hong", "2024-Q1", XUAN_HONG)),
    ("2024-04-12 09:00", accepts("2024-Q1", XUAN_HONG)),
    ("2024-04-26 16:00", closes("2024-Q1")),
    # The second quarter and the six months.
    ("2024-06-05 09:00", submits("labour-reporter", "2024-Q2", LABOUR)),
    ("2024-06-05 09:30", submits("labour-reporter", "2024-H1", LABOUR)),
    ("2024-06-10 14:00", submits("xuan-hong", "2024-Q2", XUAN_HONG)),
    ("2024-06-11 09:00", submits("health-centre", "2024-Q2", HEALTH)),
    ("2024-06-12 10:00", submits("xuan-phong", "2024-Q2", XUAN_PHONG)),
    ("2024-06-13 08:30", submits("agriculture", "2024-Q2", AGRICULTURE)),
    ("2024-06-13 15:00", exempts("2024-H1", HEALTH, "Số liệu đã có trong báo cáo của Sở Y tế.")),
    ("2024-06-14 16:00", accepts("2024-Q2", XUAN_HONG)),
    ("2024-06-15 10:00", submits("sao-vang", "2024-Q2", SAO_VANG)),
    ("2024-06-15 16:00", drafts("bac-luong", "2024-Q2", BAC_LUONG)),
    (
        "2024-06-17 09:00",
        returns(
            "2024-Q2",
            XUAN_PHONG,
            due="2024-06-20",
            reason="Số hộ chưa khớp với danh sách rà soát.",
            comments={
                "/entries/0/value": "Danh sách rà soát ghi 12 hộ.",
                "/narrative/difficulties": "Nêu rõ khó khăn của xã.",
            },
        ),
    ),
    ("2024-06-17 11:00", submits("bac-luong", "2024-Q2", BAC_LUONG)),
    ("2024-06-18 09:00", submits("xuan-hong", "2024-H1", XUAN_HONG)),
    ("2024-06-19 14:00", submits("xuan-phong", "2024-H1", XUAN_PHONG)),
    ("2024-06-20 15:00", submits("sao-vang", "2024-H1", SAO_VANG)),
    ("2024-06-20 16:30", submits("agriculture", "2024-H1", AGRICULTURE)),
    ("2024-06-24 09:00", submits("xuan-phong", "2024-Q2", XUAN_PHONG)),
    ("2024-06-25 09:00", accepts("2024-Q2", XUAN_PHONG)),
    ("2024-06-25 14:00", submits("bac-luong", "2024-H1", BAC_LUONG)),
    ("2024-06-26 09:00", closes("2024-H1")),  # by mistake
    ("2024-06-28 09:00", opens("2024-H1")),
    ("2024-07-10 09:00", closes("2024-Q2")),
    ("2024-07-10 09:05", closes("2024-H1")),
    # The third quarter: an account is replaced, and the server is down around the due date.
    ("2024-09-03 09:00", submits("labour-reporter", "2024-Q3", LABOUR)),
    ("2024-09-09 16:00", closes_account("sao-vang")),
    ("2024-09-10 09:00", submits("health-centre", "2024-Q3", HEALTH)),
    ("2024-09-11 10:00", opens_account("sao-vang-moi", "Vũ Thị Mới", "reporter", SAO_VANG)),
    ("2024-09-11 14:00", extends("2024-Q3", AGRICULTURE, due="2024-09-30", reason="Bão số 3.")),
    ("2024-09-13 09:00", submits("xuan-hong", "2024-Q3", XUAN_HONG)),
    ("2024-09-13 16:00", accepts("2024-Q3", XUAN_HONG)),
    (SERVER_DOWN[0], external_event("máy chủ ngừng")),
    (SERVER_DOWN[1], external_event("máy chủ chạy lại")),
    ("2024-09-17 10:00", submits("sao-vang-moi", "2024-Q3", SAO_VANG)),
    ("2024-09-17 14:00", submits("xuan-phong", "2024-Q3", XUAN_PHONG)),
    ("2024-09-19 15:00", reopens("2024-Q3", XUAN_HONG, "Bổ sung số liệu đào tạo nghề.")),
    ("2024-09-20 10:00", submits("xuan-hong", "2024-Q3", XUAN_HONG)),
    ("2024-09-23 07:59", submits("bac-luong", "2024-Q3", BAC_LUONG)),
    ("2024-09-30 16:00", submits("agriculture", "2024-Q3", AGRICULTURE)),
    ("2024-10-15 09:00", closes("2024-Q3")),
    # The year and the fourth quarter, whose reminders overlap.
    ("2024-12-02 09:00", submits("labour-reporter", "2024-Y", LABOUR)),
    ("2024-12-02 09:30", submits("labour-reporter", "2024-Q4", LABOUR)),
    ("2024-12-05 09:00", submits("xuan-hong", "2024-Y", XUAN_HONG)),
    ("2024-12-06 09:00", submits("health-centre", "2024-Y", HEALTH)),
    ("2024-12-06 10:00", submits("health-centre", "2024-Q4", HEALTH)),
    (MAIL_DOWN[0], external_event("máy chủ thư ngừng")),
    (MAIL_DOWN[1], external_event("máy chủ thư chạy lại")),
    ("2024-12-09 15:00", submits("sao-vang-moi", "2024-Y", SAO_VANG)),
    ("2024-12-10 10:00", submits("agriculture", "2024-Y", AGRICULTURE)),
    ("2024-12-10 15:00", submits("xuan-phong", "2024-Y", XUAN_PHONG)),
    ("2024-12-10 16:00", reminds("2024-Y", NAM_GIANG, "Chiều nay huyện chốt số, đề nghị gửi.")),
    ("2024-12-11 14:00", submits("xuan-hong", "2024-Q4", XUAN_HONG)),
    ("2024-12-12 09:00", submits("xuan-phong", "2024-Q4", XUAN_PHONG)),
    ("2024-12-13 14:00", submits("sao-vang-moi", "2024-Q4", SAO_VANG)),
    ("2024-12-15 20:30", submits("agriculture", "2024-Q4", AGRICULTURE)),
    ("2024-12-16 09:00", submits("bac-luong", "2024-Y", BAC_LUONG)),
    ("2024-12-20 09:00", submits("bac-luong", "2024-Q4", BAC_LUONG)),
]

LAST_DAY = datetime(2025, 1, 15, 23, tzinfo=LOCAL)

HOURS = (time(7, 59), time(8), time(20, 59))
"""The times of day at which the worker runs, besides one minute after each step.

In production it runs every minute. Each run sends everything that is due, so no message is missed.
"""


def local(day_and_time: str) -> datetime:
    return datetime.fromisoformat(day_and_time).replace(tzinfo=LOCAL)


def moments() -> Iterator[tuple[datetime, Step | None]]:
    """The steps and the instants at which the worker runs (no step), in order."""
    runs = {local(at) + timedelta(minutes=1) for at, _ in YEAR}
    day = PLAN_IN_FORCE.date()
    while day <= LAST_DAY.date():
        runs |= {datetime.combine(day, hour, LOCAL) for hour in HOURS}
        day += timedelta(days=1)
    down_from, down_until = (local(end) for end in SERVER_DOWN)
    runs = {at for at in runs if not down_from <= at < down_until} | {
        down_until,
        local(MAIL_DOWN[1]),
    }
    steps: list[tuple[datetime, Step | None]] = [(local(at), step) for at, step in YEAR]
    yield from sorted([*steps, *((at, None) for at in runs)], key=lambda moment: moment[0])


async def run_year(service: Service) -> NotificationLog:
    outbox = Outbox()
    log = NotificationLog(service, outbox)
    down_from, down_until = (local(end) for end in MAIL_DOWN)
    for now, step in moments():
        service.clock.instant = now
        outbox.trouble = DeliveryDelayedError("away") if down_from <= now < down_until else None
        if step is None:
            await log.work()
        else:
            log.note(step.description)
            await step.run(service)
    return log


def compare_with_golden(text: str) -> None:
    """Compare with the golden file; if requested, write it instead and fail the test."""
    if os.environ.get(RENEW) == "1":
        GOLDEN.write_text(text, encoding="utf-8")
        pytest.fail(
            f"{GOLDEN.name} was rewritten; review it, then run without {RENEW}", pytrace=False
        )
    golden = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else ""
    difference = difflib.unified_diff(
        list(dated(golden)), list(dated(text)), GOLDEN.name, "now", n=1, lineterm=""
    )
    if golden != text:
        pytest.fail(
            "\n".join([*difference, f"if this change is intended, run with {RENEW}=1"]),
            pytrace=False,
        )


def dated(text: str) -> Iterator[str]:
    """Prefix each line with its day, because a difference shows lines out of context."""
    day = ""
    for line in text.splitlines():
        day = line[:10] if line.startswith("202") else day
        yield f"{day} {line}"


async def test_the_notifications_of_2024_match_the_golden_file(service: Service) -> None:
    log = await run_year(service)
    compare_with_golden(HEAD + log.text())
    assert log.repeated == []
    async with service.database.snapshot() as session:
        assert await list_findings(session) == []
