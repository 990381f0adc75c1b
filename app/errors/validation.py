"""Requests whose fields are invalid, or whose figures need a note."""

from collections.abc import Sequence
from typing import Any, Self

from app.errors.base import FieldError, Problem
from app.text.bilingual import Bilingual


class ValidationFailed(Problem):
    """Fields of the request are invalid."""

    status = 422
    slug = "validation-failed"
    title = Bilingual("Dữ liệu chưa hợp lệ", "The data is not valid")
    detail = Bilingual(
        "Có {count} chỗ cần sửa; xem lý do ở từng chỗ (errors).",
        "{count:field is|fields are} invalid; see `errors`.",
    )

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors=errors, count=len(errors))

    @classmethod
    def at(cls, pointer: str, code: str, message: Bilingual, /, **facts: Any) -> Self:
        """The problem with an error in one field of the body; arguments as of `FieldError`."""
        return cls([FieldError(pointer, code, message, facts)])


class ReportIncomplete(ValidationFailed):
    """The draft has validation errors, so it cannot be submitted."""

    slug = "report-incomplete"
    title = Bilingual("Báo cáo chưa gửi được", "The report cannot be submitted yet")


class WarningsUnconfirmed(ValidationFailed):
    """The draft has warnings that the sender has not confirmed with a note."""

    slug = "warnings-unconfirmed"
    title = Bilingual("Có cảnh báo chưa được xác nhận", "Warnings are not confirmed")
    detail = Bilingual(
        "Có {count} cảnh báo; nếu số liệu đúng, đề nghị gửi lại kèm giải trình (warnings_note).",
        "{count:warning is|warnings are} unconfirmed; if the figures are correct, send the "
        "request again with a `warnings_note` that explains them.",
    )
