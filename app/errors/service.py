"""Requests that the service cannot answer at the moment."""

from app.errors.base import Problem
from app.text.bilingual import Bilingual


class InternalError(Problem):
    """An unexpected error. The transaction was rolled back."""

    status = 500
    slug = "internal-error"
    title = Bilingual("Lỗi của hệ thống", "Internal error")
    detail = Bilingual(
        "Hệ thống gặp lỗi, dữ liệu chưa thay đổi. Đề nghị thử lại; nếu vẫn lỗi, báo người "
        "quản trị máy chủ kèm mã tra cứu: {request_id}.",
        "An internal error occurred; no data was changed. Try again; if it persists, tell "
        "the server's administrator this reference: {request_id}.",
    )


class Overloaded(Problem):
    """All database connections are in use, or another transaction holds a lock."""

    status = 503
    slug = "overloaded"
    title = Bilingual("Hệ thống đang bận", "The service is busy")
    detail = Bilingual(
        "Hệ thống đang bận, dữ liệu chưa thay đổi; đề nghị thử lại sau ít giây.",
        "The service is busy; no data was changed. Try again in a few seconds.",
    )

    def __init__(self) -> None:
        super().__init__(retry_after=2)


class DatabaseUnavailable(Problem):
    """The database does not answer, or the connection was lost: a change may have been made."""

    status = 503
    slug = "database-unavailable"
    title = Bilingual("Cơ sở dữ liệu không trả lời", "The database does not answer")
    detail = Bilingual(
        "Cơ sở dữ liệu tạm thời không trả lời; đề nghị thử lại sau ít giây. Nếu đang gửi "
        "thay đổi, tải lại trước để biết thay đổi đã được ghi hay chưa.",
        "The database does not answer at the moment; try again in a few seconds. If the "
        "request changes data, read the resource first: the change may have been made.",
    )

    def __init__(self) -> None:
        super().__init__(retry_after=5)


NOT_READY = {
    "unreachable": Bilingual("Cơ sở dữ liệu không trả lời.", "The database does not answer."),
    "full": Bilingual("Đĩa của máy chủ đã đầy.", "The server's disk is full."),
}
"""Why the service is not ready, by the code that the document has as `reason`."""


class NotReady(Problem):
    """The service cannot serve at the moment."""

    status = 503
    slug = "not-ready"
    title = Bilingual("Hệ thống chưa sẵn sàng", "The service is not ready")
    detail = Bilingual("{why}", "{why}")

    def __init__(self, reason: str) -> None:
        super().__init__(why=NOT_READY[reason], retry_after=5, extra={"reason": reason})


class InsufficientStorage(Problem):
    """The disk of the database or of the data folder is full."""

    status = 507
    slug = "insufficient-storage"
    title = Bilingual("Hết chỗ lưu trữ", "Insufficient storage")
    detail = Bilingual(
        "Đĩa của máy chủ đã đầy nên chưa ghi được, dữ liệu chưa thay đổi. Đề nghị báo "
        "người quản trị máy chủ rồi thử lại sau.",
        "The server's disk is full, so nothing was written; no data was changed. Tell the "
        "server's administrator, and try again later.",
    )

    def __init__(self) -> None:
        super().__init__(retry_after=60)
