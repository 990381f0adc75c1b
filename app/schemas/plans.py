"""The wire format of plans."""

from datetime import date
from typing import Annotated, Any

from pydantic import MISSING, AfterValidator, Field, StringConstraints

from app.schemas.base import Input, Line, Number, Output, Version, Whole, examples, paragraphs

LongText = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(paragraphs)
]
Paragraphs = Annotated[list[LongText], Field(min_length=1, max_length=100)]

PLAN: dict[str, Any] = {
    "code": "tho-xuan-2024",
    "programme": "giam-ngheo-2021-2025",
    "title": "Kế hoạch triển khai thực hiện Chương trình mục tiêu quốc gia giảm nghèo bền vững "
    "trên địa bàn huyện năm 2024",
    "year": 2024,
    "owner": "395",
    "district": "395",
    "general_goal": "Thực hiện mục tiêu giảm nghèo đa chiều, bao trùm, bền vững, hạn chế tái "
    "nghèo…",
    "due_soon_days": 7,
    "legal_basis": [
        {
            "number": "1277/QĐ-UBND",
            "issued_on": "2024-04-01",
            "issuer": "UBND tỉnh Thanh Hóa",
            "subject": "Phân bổ vốn sự nghiệp nguồn ngân sách trung ương thực hiện Chương trình "
            "mục tiêu quốc gia giảm nghèo bền vững năm 2024 (đợt 1)",
        }
    ],
    "targets": [
        {
            "code": "poverty_rate_reduction",
            "name": "Giảm tỷ lệ hộ nghèo",
            "unit": "điểm phần trăm",
            "value": 0.31,
            "project": None,
        }
    ],
    "version": 3,
}
PLAN_TEXTS: dict[str, Any] = PLAN | {
    "purposes": ["Kế hoạch nhằm cụ thể hóa các nhiệm vụ và giải pháp tại Kế hoạch số 85/KH-UBND…"],
    "requirements": ["Bảo đảm sự phối hợp thường xuyên, chặt chẽ, hiệu quả…"],
    "solutions": [
        {
            "number": 1,
            "title": "Quán triệt, tuyên truyền nâng cao nhận thức về giảm nghèo bền vững",
            "text": "Đẩy mạnh công tác thông tin tuyên truyền về giảm nghèo…",
        }
    ],
    "funding": [
        {
            "number": 1,
            "title": "Nguồn ngân sách Trung ương",
            "text": "Từ nguồn Trung ương phân bổ theo Quyết định 1277/QĐ-UBND…",
        }
    ],
    "reporting_duty": "Các phòng, ban, ngành, đơn vị, được giao chủ trì… định kỳ báo cáo…",
    "recipients": ["Sở Lao động – TB&XH (B/c)", "UBND các xã, thị trấn"],
    "signer": {
        "authority": "KT. CHỦ TỊCH",
        "position": "PHÓ CHỦ TỊCH",
        "name": "Nguyễn Xuân Hải",
    },
}


class LegalDocumentOut(Output):
    """A legal document on which the plan is based (căn cứ)."""

    number: str
    issued_on: date | None = Field(description="null khi kế hoạch không ghi ngày ban hành.")
    issuer: str
    subject: str = Field(description="Trích yếu; để trống khi kế hoạch không ghi.")


class TargetOut(Output):
    """A target of the plan (mục tiêu)."""

    code: str
    name: str
    unit: str
    value: Number
    project: str | None = Field(description="Mã dự án, khi mục tiêu thuộc riêng một dự án.")


class Paragraph(Output):
    """A numbered part of a section of the plan."""

    number: int | None
    title: str | None
    text: str


class Signer(Output):
    """The person who signed the plan."""

    authority: str | None
    position: str
    name: str


class PlanOut(Output):
    """A plan (kế hoạch): a programme, its owner (any tier of government) and a year."""

    model_config = examples(PLAN)

    code: str
    programme: str = Field(description="Mã chương trình.")
    title: str
    year: int
    owner: str = Field(description="Mã đơn vị ban hành kế hoạch.")
    district: str | None = Field(description="Mã huyện; null khi đơn vị ban hành không phải huyện.")
    general_goal: str = Field(description="Mục tiêu chung.")
    due_soon_days: int = Field(description="Số ngày trước hạn thì báo cáo thành due_soon.")
    legal_basis: list[LegalDocumentOut]
    targets: list[TargetOut]
    version: Version


class PlanWithTexts(PlanOut):
    """A plan with the texts of its sections."""

    model_config = examples(PLAN_TEXTS)

    purposes: list[str] = Field(description="Mục đích.")
    requirements: list[str] = Field(description="Yêu cầu.")
    solutions: list[Paragraph] = Field(description="Giải pháp thực hiện.")
    funding: list[Paragraph] = Field(description="Kinh phí thực hiện.")
    reporting_duty: str = Field(description="Chế độ báo cáo, nguyên văn.")
    recipients: list[str] = Field(description="Nơi nhận.")
    signer: Signer | None


class PlanPatch(Input):
    """Changes of a plan. Omitted fields do not change."""

    model_config = examples({"due_soon_days": 5})

    title: Line | MISSING = MISSING
    general_goal: LongText | MISSING = MISSING
    purposes: Paragraphs | MISSING = MISSING
    requirements: Paragraphs | MISSING = MISSING
    reporting_duty: LongText | MISSING = MISSING
    recipients: Annotated[list[Line], Field(max_length=100)] | MISSING = MISSING
    due_soon_days: Annotated[int, Field(strict=True, ge=0, le=60), Whole] | MISSING = MISSING
