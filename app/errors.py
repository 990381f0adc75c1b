"""Domain errors, and their texts in two languages for problem documents (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from app.text.bilingual import Bilingual
from app.text.writing import Language


@dataclass(frozen=True)
class FieldError:
    """An error in one field: its JSON pointer, a stable code, and a message with its facts.

    about: codes of what the error is about, as further members of its document.
    """

    pointer: str
    code: str
    message: Bilingual
    facts: Mapping[str, Any] = field(default_factory=dict)
    part: Literal["body", "query", "path", "header"] = "body"
    level: Literal["error", "warning"] = "error"
    about: Mapping[str, str | None] = field(default_factory=dict)

    def document(self, language: Language) -> dict[str, Any]:
        """The error as an item of a problem document's `errors`."""
        return {
            "in": self.part,
            "level": self.level,
            "pointer": self.pointer,
            "code": self.code,
            "message": self.message.fill(language, self.facts),
            **self.about,
        }


class OperatorError(Exception):
    """An error that the operator has to fix; the message says how."""


class Problem(Exception):  # noqa: N818 - the term of RFC 9457
    """An error that is reported to the client. Each subclass is one problem type.

    The `slug` is part of the API and never changes. `retry_after` is in seconds; `extra` holds
    members that the document has besides the standard ones.
    """

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[Bilingual]
    detail: ClassVar[Bilingual]

    def __init__(
        self,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        extra: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(self.slug, facts)
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.extra = dict(extra or {})
        self.facts = facts

    def document(self, language: Language) -> dict[str, Any]:
        """The problem document: type, title, status, detail, extra members and field errors."""
        document: dict[str, Any] = {
            "type": f"/problems/{self.slug}",
            "title": self.title.fill(language, self.facts),
            "status": self.status,
            "detail": self.detail.fill(language, self.facts),
            **self.extra,
        }
        if self.errors:
            document["errors"] = [error.document(language) for error in self.errors]
        return document


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
    title = Bilingual("Nội dung không phải JSON hợp lệ", "The body is not valid JSON")
    detail = Bilingual(
        "Không đọc được nội dung gửi lên ở vị trí {position}: cần một tài liệu JSON mã hóa UTF-8.",
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


class SeveralCredentials(Problem):
    """The request has more than one token or key, which could belong to different principals."""

    status = 400
    slug = "several-credentials"
    title = Bilingual("Có nhiều thông tin xác thực", "Several credentials")
    detail = Bilingual(
        "Mỗi yêu cầu chỉ được kèm một mã truy cập hoặc một khóa: trong Authorization, trong "
        "X-API-Key hoặc trong địa chỉ.",
        "Send one token or key per request: in Authorization, in X-API-Key or in the address.",
    )


class AmbiguousPlan(Problem):
    """Several plans match, and the request names none."""

    status = 400
    slug = "ambiguous-plan"
    title = Bilingual("Chưa rõ kế hoạch nào", "The plan is ambiguous")
    detail = Bilingual(
        "Có nhiều kế hoạch phù hợp; hãy thêm tham số plan với một trong: {plans}.",
        "Several plans match; add the parameter `plan` with one of: {plans}.",
    )


class Unauthenticated(Problem):
    """The request has no valid token or API key."""

    status = 401
    slug = "unauthenticated"
    title = Bilingual("Chưa đăng nhập", "Not signed in")
    detail = Bilingual(
        "Cần mã truy cập hoặc khóa API còn hiệu lực trong tiêu đề Authorization.",
        "The Authorization header must contain a valid access token or API key.",
    )


class WrongPassword(Problem):
    """The user name or the password is wrong; the error does not say which."""

    status = 401
    slug = "wrong-password"
    title = Bilingual("Đăng nhập không thành công", "Sign-in failed")
    detail = Bilingual(
        "Tên đăng nhập hoặc mật khẩu không đúng.", "The user name or the password is wrong."
    )


class OtherOwner(Problem):
    """The report belongs to a plan that another government manages."""

    status = 403
    slug = "other-owner"
    title = Bilingual("Kế hoạch của đơn vị khác", "Another government's plan")
    detail = Bilingual(
        "Báo cáo thuộc kế hoạch {plan} của {owner}; chỉ cán bộ tổng hợp của {owner} làm được.",
        "The report belongs to plan {plan} of {owner}; only a coordinator of {owner} may do this.",
    )


class Forbidden(Problem):
    """The principal lacks the permission, regardless of the agency."""

    status = 403
    slug = "forbidden"
    title = Bilingual("Không có quyền", "Not allowed")
    detail = Bilingual(
        "Tài khoản hoặc khóa này không có quyền {operation} ({permission}).",
        "This account or key is not allowed to {operation} ({permission}).",
    )

    def __init__(self, operation: Bilingual, permission: str) -> None:
        super().__init__(operation=operation, permission=permission)


class NotFound(Problem):
    """The resource does not exist, or the principal may not see it."""

    status = 404
    slug = "not-found"
    title = Bilingual("Không tìm thấy", "Not found")
    detail = Bilingual("Không tìm thấy {what}.", "There is no {what}.")

    def __init__(self, what: Bilingual, **facts: Any) -> None:
        super().__init__(what=what.filled(facts))


class MethodNotAllowed(Problem):
    """The path exists but does not support the method."""

    status = 405
    slug = "method-not-allowed"
    title = Bilingual("Phương thức không được hỗ trợ", "Method not allowed")
    detail = Bilingual(
        "Đường dẫn này không nhận phương thức đó.", "The path does not support this method."
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
    title = Bilingual("Quá thời gian gửi", "The request took too long")
    detail = Bilingual(
        "Nội dung không đến đủ trong thời gian cho phép; hãy gửi lại.",
        "The request did not arrive completely in time. Send it again.",
    )


class StateConflict(Problem):
    """The current state of the resource does not allow the operation."""

    status = 409
    slug = "state-conflict"
    title = Bilingual("Trạng thái không cho phép", "The state does not allow it")
    detail = Bilingual("{why}", "{why}")

    def __init__(self, why: Bilingual, *, retry_after: int | None = None, **facts: Any) -> None:
        super().__init__(why=why.filled(facts), retry_after=retry_after)


class AlreadyExists(Problem):
    """A resource with the same key exists already."""

    status = 409
    slug = "already-exists"
    title = Bilingual("Đã tồn tại", "Already exists")
    detail = Bilingual("Đã có {what}.", "It already exists: {what}.")

    def __init__(self, what: Bilingual, **facts: Any) -> None:
        super().__init__(what=what.filled(facts))


class Stale(Problem):
    """The resource has changed since the client read it."""

    status = 412
    slug = "stale"
    title = Bilingual("Dữ liệu đã được người khác sửa", "The resource has changed")
    detail = Bilingual(
        "Bản đang có khác với bản mà If-Match nêu. Hãy tải lại, sửa trên bản mới rồi gửi lại.",
        "The current version does not match If-Match. Read the resource again, apply your change "
        "to the new version and send it again.",
    )


class BodyTooLarge(Problem):
    """The body exceeds the size limit."""

    status = 413
    slug = "body-too-large"
    title = Bilingual("Nội dung quá lớn", "The body is too large")
    detail = Bilingual(
        "Nội dung gửi lên vượt giới hạn cho phép.", "The body exceeds the size limit."
    )


class TargetTooLong(Problem):
    """The path and the query exceed the size limit."""

    status = 414
    slug = "target-too-long"
    title = Bilingual("Địa chỉ quá dài", "The address is too long")
    detail = Bilingual(
        "Đường dẫn và các tham số vượt giới hạn cho phép.",
        "The path and the query exceed the size limit.",
    )


class UnsupportedMediaType(Problem):
    """The route does not accept the media type of the body."""

    status = 415
    slug = "unsupported-media-type"
    title = Bilingual("Kiểu nội dung không được hỗ trợ", "Unsupported media type")
    detail = Bilingual(
        "Cần nội dung kiểu {expected}.", "The media type of the body must be {expected}."
    )


class ValidationFailed(Problem):
    """Fields of the request are invalid."""

    status = 422
    slug = "validation-failed"
    title = Bilingual("Dữ liệu chưa hợp lệ", "The data is not valid")
    detail = Bilingual(
        "Có {count} chỗ cần sửa; xem danh sách errors.",
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
        "Có {count} cảnh báo; nếu số liệu đúng, hãy gửi lại kèm warnings_note giải thích.",
        "{count:warning is|warnings are} unconfirmed; if the figures are correct, send the request "
        "again with a `warnings_note` that explains them.",
    )


class KeyReused(Problem):
    """The idempotency key was used for another request or an earlier draft."""

    status = 422
    slug = "idempotency-key-reused"
    title = Bilingual(
        "Khóa chống gửi trùng đã dùng", "The idempotency key was used for another request"
    )
    detail = Bilingual(
        "Idempotency-Key này đã dùng cho một yêu cầu khác, hoặc một bản nháp trước, trong 24 giờ "
        "qua; mỗi lần gửi cần một mã mới.",
        "This Idempotency-Key was used for another request, or for an earlier draft, within the "
        "last 24 hours; each submission needs a new key.",
    )


class NotSettled(Problem):
    """The requested instant is not settled: changes can still be committed before it."""

    status = 422
    slug = "not-settled"
    title = Bilingual("Thời điểm chưa chốt", "The instant is not settled")
    detail = Bilingual(
        "as_of ở sau hiện tại; số liệu đến thời điểm đó còn có thể thay đổi. Hiện tại là {now}.",
        "as_of is in the future; figures up to then can still change. The current time is {now}.",
    )


class PreconditionRequired(Problem):
    """The request has no If-Match, so it could overwrite another change."""

    status = 428
    slug = "precondition-required"
    title = Bilingual("Thiếu If-Match", "If-Match is missing")
    detail = Bilingual(
        "Hãy gửi kèm tiêu đề If-Match với ETag của bản đã đọc.",
        "Send the header If-Match with the ETag of the version that you have read.",
    )


class TooManyAttempts(Problem):
    """Too many failed sign-ins for this user name from this address."""

    status = 429
    slug = "too-many-attempts"
    title = Bilingual("Thử quá nhiều lần", "Too many attempts")
    detail = Bilingual(
        "Đăng nhập sai quá nhiều lần; hãy thử lại sau {seconds} giây.",
        "Too many failed sign-ins; try again in {seconds:second|seconds}.",
    )

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds=seconds, retry_after=seconds)


class TooManyRequests(Problem):
    """The principal has made too many such requests lately."""

    status = 429
    slug = "too-many-requests"
    title = Bilingual("Quá nhiều yêu cầu", "Too many requests")
    detail = Bilingual(
        "Đã tạo quá nhiều trong một giờ; hãy thử lại sau {seconds} giây.",
        "Too many were created within an hour; try again in {seconds:second|seconds}.",
    )

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds=seconds, retry_after=seconds)


class HeadTooLarge(Problem):
    """The headers exceed the limit of size or number."""

    status = 431
    slug = "head-too-large"
    title = Bilingual("Phần tiêu đề quá lớn", "The headers are too large")
    detail = Bilingual(
        "Các tiêu đề của yêu cầu vượt giới hạn về độ dài hoặc số lượng.",
        "The headers of the request exceed the limit of size or number.",
    )


class InternalError(Problem):
    """An unexpected error. The transaction was rolled back."""

    status = 500
    slug = "internal-error"
    title = Bilingual("Lỗi của hệ thống", "Internal error")
    detail = Bilingual(
        "Hệ thống gặp lỗi và chưa thay đổi dữ liệu nào. Mã tra cứu: {request_id}.",
        "An internal error occurred; no data was changed. Reference: {request_id}.",
    )


class Overloaded(Problem):
    """All database connections are in use, or another transaction holds a lock."""

    status = 503
    slug = "overloaded"
    title = Bilingual("Hệ thống đang bận", "The service is busy")
    detail = Bilingual(
        "Hệ thống đang bận, chưa thay đổi dữ liệu nào; hãy thử lại sau ít giây.",
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
        "Cơ sở dữ liệu tạm thời không trả lời; hãy thử lại sau ít giây. Nếu đang gửi thay đổi, hãy "
        "tải lại trước để biết thay đổi đã được ghi hay chưa.",
        "The database does not answer at the moment; try again in a few seconds. If the request "
        "changes data, read the resource first: the change may have been made.",
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
        "Đĩa của máy chủ đã đầy nên chưa ghi được; dữ liệu chưa thay đổi. Hãy báo người quản trị "
        "máy chủ, rồi thử lại sau.",
        "The server's disk is full, so nothing was written; no data was changed. Tell the server's "
        "administrator, and try again later.",
    )

    def __init__(self) -> None:
        super().__init__(retry_after=60)
