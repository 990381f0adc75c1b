"""The wire format of reports: the body that an agency writes, and what it gets back."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from app.schemas.base import (
    Amount,
    Code,
    Day,
    Figure,
    Input,
    Instant,
    InstantIn,
    Line,
    Output,
    Prose,
    Reason,
    SchemaOf,
    examples,
)
from app.schemas.obligations import EXAMPLE as OBLIGATION
from app.schemas.obligations import ObligationOut
from app.vocabulary import (
    BudgetOrigin,
    BudgetSource,
    DecisionAction,
    FindingCode,
    FindingLevel,
    IndicatorKind,
)

MOST_LINES = 500

BODY: dict[str, Any] = {
    "entries": [
        {"project": "DA2", "indicator": "DA2.02", "value": 12, "estimate": 20, "note": None},
        {"project": "DA2", "indicator": "DA2.02.1", "value": 9, "estimate": None, "note": None},
    ],
    "disbursements": [
        {
            "project": "DA2",
            "source": "central",
            "origin": "current_year",
            "amount_vnd": 350000000,
        }
    ],
    "narrative": {
        "results": "Đã triển khai 01 mô hình nuôi bò sinh sản cho 12 hộ.",
        "difficulties": "Giá con giống tăng.",
        "proposals": None,
    },
}


class Entry(Input):
    """One indicator's figure; `estimate` is the whole period's expected one (ước thực hiện)."""

    project: Code | None = Field(description="Dự án của chỉ tiêu; null với chỉ tiêu chung (KQ).")
    indicator: Code
    value: Figure = Field(description="Số đã thực hiện trong kỳ số liệu; không phát sinh ghi 0.")
    estimate: Figure | None = Field(None, description="Ước thực hiện cả kỳ.")
    note: Annotated[Line | None, Field(description="Ghi chú.")] = None


class Disbursement(Input):
    """Money that the agency itself has spent since 1 January, up to the window's last day."""

    project: Code
    source: BudgetSource
    origin: BudgetOrigin
    amount_vnd: Amount = Field(description="Lũy kế giải ngân từ 01/01 của chính đơn vị, đồng.")


class Narrative(Input):
    """The report in words."""

    results: Prose | None = Field(None, description="Kết quả thực hiện.")
    difficulties: Prose | None = Field(None, description="Tồn tại, vướng mắc.")
    proposals: Prose | None = Field(None, description="Kiến nghị, đề xuất (nếu có).")


class ReportBody(Input):
    """What a report says: figures, money, words."""

    model_config = examples(BODY)

    entries: list[Entry] = Field(default_factory=list, max_length=MOST_LINES)
    disbursements: list[Disbursement] = Field(default_factory=list, max_length=MOST_LINES)
    narrative: Narrative = Narrative()


class DraftBody(ReportBody):
    """The working copy of a report, which may be incomplete."""


class Submission(Input):
    """What is said when sending: a note where there are warnings, the instant for paper."""

    model_config = examples({"warnings_note": None})

    warnings_note: Reason | None = None
    received_at: InstantIn | None = Field(
        None,
        description="Chỉ khi cơ quan tổng hợp nhập báo cáo giấy: thời điểm nhận bản giấy.",
    )


class Comment(Input):
    """What has to be mended in one place of the body."""

    pointer: Annotated[str, Field(max_length=200, pattern=r"^(/.*)?$")]
    text: Reason


class Return(Input):
    """Why a report goes back, and until when it should come again."""

    model_config = examples(
        {
            "reason": "Số hộ tham gia chưa khớp danh sách kèm theo.",
            "comments": [{"pointer": "/entries/0/value", "text": "Danh sách có 11 hộ."}],
            "correction_due": "2024-06-19",
        }
    )

    reason: Reason
    comments: list[Comment] = Field(default_factory=list, max_length=200)
    correction_due: Day | None = None


class Acceptance(Input):
    """A remark with the acceptance."""

    model_config = examples({"note": "Số liệu khớp."})

    note: Reason | None = None


class Reopening(Input):
    """Why an accepted report is opened again."""

    model_config = examples({"note": "Xã đề nghị sửa số giải ngân DA2."})

    note: Reason


class ExpectedLine(Output):
    """A figure that the agency may give in this period; a required one may be 0, not absent."""

    project: str | None
    indicator: str
    name: str
    unit: str
    kind: IndicatorKind
    required: bool
    note: str | None


class FindingOut(Output):
    """What an error or a warning says of one place in the draft."""

    level: FindingLevel
    pointer: str = Field(
        description="JSON pointer into the body. `/entries/-` is where a missing figure is to be "
        "entered; `project` and `indicator` name it."
    )
    code: FindingCode
    message: str
    project: str | None
    indicator: str | None


REVISION: dict[str, Any] = {
    "number": 1,
    "submitted_at": "2024-06-15T16:40:00+07:00",
    "received_at": "2024-06-15T16:40:00+07:00",
    "submitted_by": "xuan-hong",
    "warnings_note": None,
    "body": BODY,
    "fingerprint": "5f0c1b2e0a8c1d6b7e7d1f7d3c8c6b1f5f0c1b2e0a8c1d6b7e7d1f7d3c8c6b1f",
}


class RevisionOut(Output):
    """One sent version (bản gửi); it never changes."""

    model_config = examples(REVISION)

    number: int
    submitted_at: Instant
    received_at: Instant = Field(description="Thời điểm nhận: bản giấy thì là lúc nhận bản giấy.")
    submitted_by: str
    warnings_note: str | None
    body: Annotated[dict[str, Any], SchemaOf(ReportBody)]
    fingerprint: str = Field(description="SHA-256 của nội dung (JSON chuẩn hóa).")


class DecisionOut(Output):
    """What the reviewer decided."""

    action: DecisionAction
    revision: int
    reason: str | None
    comments: list[Comment]
    correction_due: date | None
    decided_by: str
    at: Instant


class ReportOut(ObligationOut):
    """A report with its obligation, what is expected, the draft, and the last revision."""

    model_config = examples(
        OBLIGATION
        | {
            "report_status": "draft",
            "expected": [
                {
                    "project": "DA2",
                    "indicator": "DA2.02",
                    "name": "Số hộ tham gia",
                    "unit": "hộ",
                    "kind": "flow",
                    "required": True,
                    "note": None,
                }
            ],
            "draft": BODY,
            "draft_saved_at": "2024-06-10T09:12:00+07:00",
            "draft_saved_by": "xuan-hong",
            "last_revision": None,
            "decisions": [],
            "findings": [
                {
                    "level": "error",
                    "pointer": "/entries/-",
                    "code": "required_figure_missing",
                    "message": "Thiếu số liệu bắt buộc DA2.05; nếu không phát sinh, ghi 0.",
                    "project": "DA2",
                    "indicator": "DA2.05",
                }
            ],
        }
    )

    expected: list[ExpectedLine]
    draft: Annotated[dict[str, Any], SchemaOf(DraftBody)] | None = Field(
        description="Bản nháp chưa gửi: chỉ đơn vị báo cáo, và đơn vị đã nhập nó (cơ quan tổng hợp "
        "nhập báo cáo giấy), đọc được; với người khác là null."
    )
    draft_saved_at: Instant | None = Field(
        description="Thời điểm lưu bản nháp; ai đọc được báo cáo đều thấy."
    )
    draft_saved_by: str | None
    last_revision: RevisionOut | None
    decisions: list[DecisionOut]
    findings: list[FindingOut] = Field(
        description="Nhận xét về bản nháp; rỗng nếu người gọi không đọc được bản nháp."
    )
