"""The PDF of a receipt, for the file of the agency that sent the report."""

from datetime import datetime
from textwrap import wrap

from app.clock import LOCAL
from app.services.reports.receipts import Receipt
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.receipt_pdf import receipt_pdf
from app.text.writing import Language, format_value

TITLE = Bilingual("Biên nhận gửi báo cáo", "Receipt of a report")
NUMBER = Bilingual("Số {number!s}", "No. {number!s}")
LABELS = {
    "plan": Bilingual("Kế hoạch", "Plan"),
    "agency": Bilingual("Đơn vị", "Agency"),
    "period": Bilingual("Kỳ báo cáo", "Period"),
    "revision": Bilingual("Bản gửi số", "Revision"),
    "submitted": Bilingual("Thời điểm gửi", "Submitted at"),
    "received": Bilingual("Thời điểm nhận", "Received at"),
    "due": Bilingual("Hạn gửi", "Due date"),
    "timeliness": Bilingual("Tình trạng thời hạn", "Timeliness"),
    "fingerprint": Bilingual("Mã kiểm tra nội dung (SHA-256)", "Fingerprint (SHA-256)"),
}
DUE_IN_WORDS = Bilingual("hết ngày {day}; kế hoạch ghi: {words}", "{day}; the plan says: {words}")
DUE_BY_EXTENSION = Bilingual(
    "hết ngày {day}, theo gia hạn {document}", "{day}, by extension {document}"
)
DUE = Bilingual("hết ngày {day}", "{day}")
LATE = Bilingual("{timeliness}, {days} ngày", "{timeliness}, {days:day|days}")
CHECK = Bilingual(
    "Biên nhận ghi lại tình trạng tại thời điểm gửi. Kiểm tra bằng số biên nhận và mã kiểm tra nội "
    "dung.",
    "The receipt states what was true at the sending. It is checked by its number and fingerprint.",
)


def pdf_of(receipt: Receipt, language: Language) -> bytes:
    """The receipt on one A4 page, in one language."""
    row = receipt.row
    texts = {
        "plan": row["plan_title"],
        "agency": f"{row['agency_name']} ({row['agency']})",
        "period": receipt.period_name.text_in(language),
        "revision": str(row["revision"]),
        "submitted": _instant(row["submitted_at"]),
        "received": _instant(row["received_at"]),
        "due": _due(receipt, language),
        "timeliness": _timeliness(receipt, language),
        # In groups, so that the line breaks and a person can compare it.
        "fingerprint": " ".join(wrap(row["fingerprint"], 8)),
    }
    return receipt_pdf(
        title=TITLE.text_in(language),
        number=NUMBER.fill(language, {"number": row["receipt_number"]}),
        lines=[(LABELS[name].text_in(language), text) for name, text in texts.items()],
        check=CHECK.text_in(language),
    )


def _instant(instant: datetime) -> str:
    """A local instant: 16:40:00 15/6/2024."""
    local = instant.astimezone(LOCAL)
    return f"{local:%H:%M:%S} {format_value(local.date(), 'vi')}"


def _due(receipt: Receipt, language: Language) -> str:
    row = receipt.row
    facts = {"day": row["due_date"], "document": row["extension_document"] or "–"}
    if row["extended"]:
        return DUE_BY_EXTENSION.fill(language, facts)
    if row["due_text"]:
        return DUE_IN_WORDS.fill(language, facts | {"words": row["due_text"]})
    return DUE.fill(language, facts)


def _timeliness(receipt: Receipt, language: Language) -> str:
    name, days = terms.TIMELINESS[receipt.timing.timeliness], receipt.timing.days_late
    if not days:
        return name.text_in(language)
    return LATE.fill(language, {"timeliness": name, "days": days})
