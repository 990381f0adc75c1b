"""What the sheets of a report's form are called, and what their columns contain."""

from app.text.bilingual import Bilingual

VERSION = "1"
"""Of the layout; a file of another version is refused."""
IDENTITY_SHEET = "tiendo"
"""A hidden sheet with the version, the plan, the period and the agency."""
IDENTITY = ("version", "plan", "period", "agency")
COMMON_SHEET = "Chỉ tiêu chung"
MONEY_SHEET = "Kinh phí"
NARRATIVE_SHEET = "Thuyết minh"
HEADING_ROW = 4

INDICATOR = "Mã chỉ tiêu"
VALUE = "Thực hiện"
ESTIMATE = "Ước thực hiện cả kỳ"
ACTUAL_TO = "Số liệu đến ngày"
NOTE = "Ghi chú"
MONEY = "Mã khoản vốn"
AMOUNT = "Đã giải ngân từ đầu năm (đồng)"
YEAR_END = "Ước đến 31/12 (đồng)"
SETTLEMENT = "Ước đến 31/01 năm sau (đồng)"
PART = "Phần"
TEXT = "Nội dung"

ENTRY_FIELDS = {VALUE: "value", ESTIMATE: "estimate", ACTUAL_TO: "actual_to", NOTE: "note"}
MONEY_FIELDS = {
    AMOUNT: "amount_vnd",
    YEAR_END: "estimate_year_end_vnd",
    SETTLEMENT: "estimate_settlement_vnd",
}
NARRATIVE = {
    "results": Bilingual("Kết quả", "Results"),
    "difficulties": Bilingual("Khó khăn, vướng mắc", "Difficulties"),
    "proposals": Bilingual("Đề xuất, kiến nghị", "Proposals"),
}
"""The rows of the report in words."""
