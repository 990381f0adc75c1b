"""The wire format of decisions on reports: return, acceptance, reopening."""

from typing import Annotated

from pydantic import Field

from app.schemas.base import Day, Input, Reason, examples


class Comment(Input):
    """What has to be mended in one place of the body."""

    pointer: Annotated[str, Field(max_length=200, pattern=r"^(/.*)?$")] = Field(
        description="A JSON pointer into the body."
    )
    text: Reason = Field(description="What has to be corrected there.")


class Return(Input):
    """Why a report goes back, and until when it should come again."""

    model_config = examples(
        {
            "reason": "Số hộ tham gia chưa khớp danh sách kèm theo.",
            "comments": [{"pointer": "/entries/0/value", "text": "Danh sách có 11 hộ."}],
            "correction_due": "2024-06-19",
        }
    )

    reason: Reason = Field(description="The reason.")
    comments: list[Comment] = Field(
        default_factory=list, max_length=200, description="Comments on places in the body."
    )
    correction_due: Day | None = Field(
        default=None, description="The day by which the report is due again."
    )


class Acceptance(Input):
    """A remark with the acceptance."""

    model_config = examples({"note": "Số liệu khớp."})

    note: Reason | None = Field(default=None, description="A note.")


class Reopening(Input):
    """Why an accepted report is opened again."""

    model_config = examples({"note": "Xã đề nghị sửa số giải ngân DA2."})

    note: Reason = Field(description="A note.")
