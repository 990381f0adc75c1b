"""The wire format of plans."""

from datetime import date
from typing import Annotated, Any

from pydantic import MISSING, AfterValidator, Field, StringConstraints

from app.schemas.base import Day, Input, Line, Output, Version, Whole, examples, paragraphs
from app.schemas.targets import TARGET, TargetOut

LongText = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(paragraphs)
]
Paragraphs = Annotated[list[LongText], Field(min_length=1, max_length=100)]

PLAN: dict[str, Any] = {
    "code": "tho-xuan-2024",
    "programme": "giam-ngheo-2021-2025",
    "title": "Kế hoạch triển khai thực hiện Chương trình mục tiêu quốc gia giảm nghèo bền vững "
    "trên địa bàn huyện năm 2024",
    "number": None,
    "issued_on": None,
    "issuer": None,
    "effective_from": "2024-04-01",
    "year": 2024,
    "owner": "395",
    "district": "395",
    "taken_over_by": None,
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
            "cited_in": None,
        }
    ],
    "targets": [TARGET],
    "simulated": False,
    "version": 3,
}
PLAN_TEXTS: dict[str, Any] = PLAN | {
    "preamble": "Thực hiện Kế hoạch số 85/KH-UBND ngày 01/4/2024 của UBND tỉnh…",
    "purposes": ["Kế hoạch nhằm cụ thể hóa các nhiệm vụ và giải pháp tại Kế hoạch số 85/KH-UBND…"],
    "requirements": ["Bảo đảm sự phối hợp thường xuyên, chặt chẽ, hiệu quả…"],
    "targets_text": "Giảm tỷ lệ hộ nghèo 0,31% tương ứng với 180 hộ nghèo theo tiêu chuẩn nghèo đa "
    "chiều…",
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
            "title": None,
            "text": "Từ nguồn Trung ương phân bổ theo Quyết định 1277/QĐ-UBND…",
        }
    ],
    "reporting_duty": "Các phòng, ban, ngành, đơn vị, được giao chủ trì… định kỳ báo cáo…",
    "closing": "Trên đây là Kế hoạch triển khai thực hiện Chương trình mục tiêu quốc gia…",
    "recipients": ["Sở Lao động – TB&XH (B/c)", "UBND các xã, thị trấn"],
    "signer": {
        "authority": "KT. CHỦ TỊCH",
        "position": "PHÓ CHỦ TỊCH",
        "name": "Nguyễn Xuân Hải",
    },
}


class LegalDocumentOut(Output):
    """A legal document that the plan cites: as its basis (căn cứ), or in one of its sections."""

    number: str = Field(description="The number of the document.")
    issued_on: date | None = Field(
        description="The day of issue; null if the plan does not name it."
    )
    issuer: str = Field(description="Who issued the document.")
    subject: str = Field(description="The subject; empty if the plan does not name it.")
    cited_in: str | None = Field(
        description="The section of the plan that cites the document first, such as `III.1.c`; "
        "null if the plan is based on the document (căn cứ)."
    )


class Paragraph(Output):
    """A numbered part of a section of the plan."""

    number: int | None = Field(description="The number.")
    title: str | None = Field(description="The title.")
    text: str = Field(description="The text.")


class Signer(Output):
    """The person who signed the plan."""

    authority: str | None = Field(description="The authority of the signer.")
    position: str = Field(description="The place in the order.")
    name: str = Field(description="The name.")


class PlanOut(Output):
    """A plan (kế hoạch): a programme, its owner (any tier of government) and a year."""

    model_config = examples(PLAN)

    code: str = Field(description="The code.")
    programme: str = Field(description="The code of the programme.")
    title: str = Field(description="The title.")
    number: str | None = Field(description="The number of the plan; null if it is not known.")
    issued_on: date | None = Field(description="The day of issue; null if it is not known.")
    issuer: str | None = Field(description="Who issued the plan; null if it is not known.")
    effective_from: date | None = Field(
        description="The day from which the plan applies; null if it is not known. When periods "
        "are generated, those that were due earlier are exempt."
    )
    year: int = Field(description="The year.")
    owner: str = Field(description="The code of the agency that issued the plan.")
    district: str | None = Field(description="The code of the district; null if the owner is none.")
    taken_over_by: str | None = Field(
        description="The code of the government that manages the plan since its owner ended; "
        "null: the owner manages it."
    )
    general_goal: str = Field(description="The general goal.")
    due_soon_days: int = Field(
        description="The number of days before the due date from which a report is `due_soon`."
    )
    legal_basis: list[LegalDocumentOut] = Field(
        description="The documents that the plan cites; `cited_in` tells those on which it is "
        "based from the others."
    )
    targets: list[TargetOut] = Field(description="The targets.")
    simulated: bool = Field(
        description="Whether its reports were generated for a rehearsal or a measurement."
    )
    version: Version


class PlanWithTexts(PlanOut):
    """A plan with the texts of its sections."""

    model_config = examples(PLAN_TEXTS)

    preamble: str | None = Field(description="The opening paragraph, verbatim.")
    purposes: list[str] = Field(description="The purposes.")
    requirements: list[str] = Field(description="The requirements.")
    targets_text: str | None = Field(description="The targets in the plan's own words.")
    solutions: list[Paragraph] = Field(description="The solutions.")
    funding: list[Paragraph] = Field(description="The funding.")
    reporting_duty: str = Field(description="The duty to report, verbatim.")
    closing: str | None = Field(description="The closing paragraph, verbatim.")
    recipients: list[str] = Field(description="The recipients of the plan.")
    signer: Signer | None = Field(description="The person who signed.")


class PlanPatch(Input):
    """Changes of a plan. Omitted fields do not change; null clears a field."""

    model_config = examples({"due_soon_days": 5})

    title: Line | MISSING = Field(default=MISSING, description="The title.")
    number: Line | MISSING | None = Field(default=MISSING, description="The number of the plan.")
    issued_on: Day | MISSING | None = Field(default=MISSING, description="The day of issue.")
    issuer: Line | MISSING | None = Field(default=MISSING, description="Who issued the plan.")
    effective_from: Day | MISSING | None = Field(
        default=MISSING,
        description="The day from which the plan applies. Periods that exist already keep their "
        "obligations and exemptions.",
    )
    preamble: LongText | MISSING | None = Field(
        default=MISSING, description="The opening paragraph."
    )
    general_goal: LongText | MISSING = Field(default=MISSING, description="The general goal.")
    purposes: Paragraphs | MISSING = Field(default=MISSING, description="The purposes.")
    requirements: Paragraphs | MISSING = Field(default=MISSING, description="The requirements.")
    targets_text: LongText | MISSING | None = Field(
        default=MISSING, description="The targets in the plan's own words."
    )
    closing: LongText | MISSING | None = Field(
        default=MISSING, description="The closing paragraph."
    )
    reporting_duty: LongText | MISSING = Field(
        default=MISSING, description="The duty to report, verbatim."
    )
    recipients: Annotated[list[Line], Field(max_length=100)] | MISSING = Field(
        default=MISSING, description="The recipients of the plan."
    )
    due_soon_days: Annotated[int, Field(strict=True, ge=0, le=60), Whole] | MISSING = Field(
        default=MISSING,
        description="The number of days before the due date from which a report is `due_soon`.",
    )
