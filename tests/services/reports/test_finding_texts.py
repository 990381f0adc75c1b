"""What findings say: the indicator or the money first, what was found, what to do."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.services.reports.validation import Expectations, check_draft, check_submission
from tests.services.reports.test_validation import EXPECTATIONS, LINES, TOTAL, body
from tests.support.report_bodies import entry, money

EXPECTATIONS_WITH_NAMES = replace(
    EXPECTATIONS,
    figures={each.indicator: replace(each, name=f"Tên {each.indicator}") for each in LINES},
    window=(date(2024, 3, 15), date(2024, 6, 14)),
)
MONEY = "Giải ngân của DA2 (ngân sách trung ương, vốn giao trong năm)"

FINDINGS: list[tuple[Any, str]] = [
    # Drafts.
    (body([entry("DA2", "NO.1", 1)]), "Không có chỉ tiêu NO.1; kiểm tra lại mã."),
    (
        body([entry("DA3", "DA2.02", 1)]),
        "Chỉ tiêu DA2.02 thuộc dự án DA2.",
    ),
    (
        body([entry("DA2", "KQ.02", 1)]),
        "Chỉ tiêu KQ.02 là chỉ tiêu chung, không thuộc dự án nào.",
    ),
    (
        body([entry(None, "KQ.01", 1), entry(None, "KQ.01", 1)]),
        "Chỉ tiêu KQ.01 đã ghi ở dòng 1; mỗi chỉ tiêu chỉ ghi một lần.",
    ),
    (
        body([], [money("DA2", 1), money("DA2", 2)]),
        f"{MONEY} đã ghi ở dòng 1; mỗi khoản chỉ ghi một lần.",
    ),
    # Submissions.
    (body([]), "Thiếu “Tên DA2.02” (DA2.02); nếu không phát sinh, ghi 0."),
    (
        body([TOTAL, entry("DA2", "DA2.02.1", 0.5)]),
        "“Tên DA2.02.1” (DA2.02.1) tính theo hộ: phải ghi số nguyên.",
    ),
    (
        body([TOTAL, entry("DA2", "DA2.05", 0.25, estimate=1.005)]),
        (
            "Ước thực hiện “Tên DA2.05” (DA2.05) tính theo triệu đồng: chỉ ghi tối đa 2 chữ số "
            "thập phân."
        ),
    ),
    (
        body([TOTAL, entry("DA2", "DA2.02.1", 8)]),
        (
            "“Tên DA2.02.1” (DA2.02.1) là 8, lớn hơn tổng “Tên DA2.02” (DA2.02) là 7; kiểm tra lại "
            "hai số."
        ),
    ),
    (
        body([entry("DA2", "DA2.02", 8)]),
        (
            "“Tên DA2.02” (DA2.02) là 8, khác tổng các quý đã báo cáo là 7; kiểm tra lại, hoặc "
            "giải trình khi gửi."
        ),
    ),
    (
        body([TOTAL], [money("DA2", 1001)]),
        (
            f"{MONEY} là 1001 đồng, vượt số vốn được giao là 1000 đồng; kiểm tra lại, hoặc đề nghị "
            "cơ quan tổng hợp cập nhật vốn giao."
        ),
    ),
    (
        body([TOTAL], [money("DA2", 399)]),
        (
            f"{MONEY} lũy kế là 399 đồng, thấp hơn 400 đồng đã báo cáo kỳ trước; kiểm tra lại, "
            "hoặc giải trình khi gửi."
        ),
    ),
    (
        body([TOTAL], [money("DA2", 1, "carried_over")]),
        (
            "Giải ngân của DA2 (ngân sách trung ương, vốn chuyển nguồn): kế hoạch không giao khoản "
            "vốn này; kiểm tra lại nguồn vốn, năm của vốn và loại vốn."
        ),
    ),
    (
        body([TOTAL], [money("DA2", 500) | {"estimate_year_end_vnd": 600}]),
        (
            "Ước giải ngân đến 31/12 của DA2 (ngân sách trung ương, vốn giao trong năm): chỉ báo "
            "cáo năm mới ghi; phải bỏ trống."
        ),
    ),
]


@pytest.mark.parametrize(("draft", "message"), FINDINGS)
def test_a_finding_names_what_it_is_about(draft: Any, message: str) -> None:
    expectations: Expectations = EXPECTATIONS_WITH_NAMES
    findings = check_draft(draft, expectations) or check_submission(draft, expectations)
    assert [finding.document("vi")["message"] for finding in findings] == [message]
