"""Report bodies of realistic size."""

from typing import Any

HOUSEHOLDS = {"KQ.01": 1850, "KQ.02": 96, "KQ.31.1": 24}
LARGEST = 24
NARRATIVE = {
    "results": (
        "Trong kỳ, đơn vị đã chỉ đạo rà soát danh sách hộ nghèo, hộ cận nghèo; triển khai mô hình "
        "nuôi bò sinh sản và trồng cây ăn quả cho các hộ đăng ký; phối hợp mở lớp tập huấn kỹ "
        "thuật, tư vấn việc làm tại nhà văn hóa thôn. Việc giải ngân bám sát tiến độ được giao."
    ),
    "difficulties": (
        "Giá con giống tăng so với dự toán; một số hộ thiếu lao động nên chưa đối ứng đủ; hồ sơ "
        "thanh toán phải bổ sung nhiều lần."
    ),
    "proposals": "Đề nghị bố trí vốn sớm từ đầu năm và hướng dẫn thống nhất mẫu hồ sơ thanh toán.",
}


def report_body(
    expected: list[dict[str, Any]], ordinal: int, *, money: bool = True
) -> dict[str, Any]:
    """A valid body for the expected lines; disbursements grow with `ordinal`."""
    projects = dict.fromkeys(line["project"] for line in expected if line["project"])
    return {
        "entries": [
            {
                "project": line["project"],
                "indicator": line["indicator"],
                "value": figure(line["indicator"]),
                "estimate": figure(line["indicator"]) + 2 if position % 4 == 0 else None,
                "note": "Theo danh sách kèm theo." if position % 10 == 0 else None,
            }
            for position, line in enumerate(expected)
        ],
        "disbursements": [
            {
                "project": project,
                "source": "central",
                "origin": "current_year",
                "amount_vnd": 5_000_000 * ordinal,
            }
            for project in projects
        ]
        if money
        else [],
        "narrative": NARRATIVE,
    }


def figure(indicator: str) -> int:
    """A value that satisfies the rule that no subgroup exceeds its total."""
    return HOUSEHOLDS.get(indicator, LARGEST >> indicator.count("."))
