"""Requests that HTTP itself refuses: their method, target, headers or body."""

from collections.abc import Sequence

from app.errors.base import Problem
from app.text.bilingual import Bilingual


class MalformedRequest(Problem):
    """The request is not HTTP/1.1."""

    status = 400
    slug = "malformed-request"
    title = Bilingual("Yêu cầu không hợp lệ", "The request is malformed")
    detail = Bilingual("Yêu cầu không theo đúng HTTP/1.1.", "The request does not follow HTTP/1.1.")


class MalformedJson(Problem):
    """The body is not JSON."""

    status = 400
    slug = "malformed-json"
    title = Bilingual("Nội dung gửi lên không phải JSON hợp lệ", "The body is not valid JSON")
    detail = Bilingual(
        "Không đọc được nội dung gửi lên ở vị trí {position}: phải là JSON mã hóa UTF-8.",
        "The body cannot be read at position {position}: expected a JSON document in UTF-8.",
    )


class MalformedForm(Problem):
    """The body is not a form of the expected media type."""

    status = 400
    slug = "malformed-form"
    title = Bilingual("Không đọc được biểu mẫu", "The form is malformed")
    detail = Bilingual(
        "Nội dung gửi lên không phải biểu mẫu {expected} hợp lệ.",
        "The body is not a well-formed {expected}.",
    )


class MethodNotAllowed(Problem):
    """The path exists but does not support the method."""

    status = 405
    slug = "method-not-allowed"
    title = Bilingual("Phương thức không được hỗ trợ", "Method not allowed")
    detail = Bilingual(
        "Địa chỉ này không nhận phương thức đó.",
        "The path does not support this method.",
    )

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__()
        self.allowed = tuple(allowed)


class NotAcceptable(Problem):
    """None of the available formats is acceptable to the client."""

    status = 406
    slug = "not-acceptable"
    title = Bilingual("Không có định dạng phù hợp", "No acceptable format")
    detail = Bilingual("Chỉ có các định dạng: {formats}.", "Available formats: {formats}.")


class RequestTimeout(Problem):
    """The client does not send the whole request in time."""

    status = 408
    slug = "request-timeout"
    title = Bilingual("Quá thời gian chờ", "The request took too long")
    detail = Bilingual(
        "Nội dung không đến đủ trong thời gian cho phép; đề nghị gửi lại.",
        "The request did not arrive completely in time. Send it again.",
    )


class BodyTooLarge(Problem):
    """The body exceeds the size limit."""

    status = 413
    slug = "body-too-large"
    title = Bilingual("Nội dung gửi lên quá lớn", "The body is too large")
    detail = Bilingual(
        "Nội dung gửi lên vượt giới hạn cho phép.", "The body exceeds the size limit."
    )


class TargetTooLong(Problem):
    """The path and the query exceed the size limit."""

    status = 414
    slug = "target-too-long"
    title = Bilingual("Địa chỉ quá dài", "The address is too long")
    detail = Bilingual(
        "Địa chỉ và các tham số dài quá giới hạn cho phép.",
        "The path and the query exceed the size limit.",
    )


class UnsupportedMediaType(Problem):
    """The route does not accept the media type of the body."""

    status = 415
    slug = "unsupported-media-type"
    title = Bilingual("Kiểu nội dung không được hỗ trợ", "Unsupported media type")
    detail = Bilingual(
        "Nội dung gửi lên phải có kiểu {expected}.",
        "The media type of the body must be {expected}.",
    )


class HeadTooLarge(Problem):
    """The headers exceed the limit of size or number."""

    status = 431
    slug = "head-too-large"
    title = Bilingual("Phần tiêu đề quá lớn", "The headers are too large")
    detail = Bilingual(
        "Các tiêu đề của yêu cầu vượt giới hạn về độ dài hoặc số lượng.",
        "The headers of the request exceed the limit of size or number.",
    )
