"""Domain errors, and the problem documents (RFC 9457) that tell of them in two languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from app.text.bilingual import Bilingual
from app.text.writing import Language


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: where (JSON pointer), a stable code, and what was expected."""

    pointer: str
    code: str
    message: Bilingual
    facts: Mapping[str, Any] = field(default_factory=dict)
    part: Literal["body", "query", "path", "header"] = "body"
    level: Literal["error", "warning"] = "error"

    def document(self, language: Language) -> dict[str, Any]:
        """The error as a problem document's `errors` holds it."""
        return {
            "in": self.part,
            "level": self.level,
            "pointer": self.pointer,
            "code": self.code,
            "message": self.message.fill(language, self.facts),
        }


class OperatorError(Exception):
    """Something that the one who runs the service has to put right; its message says what."""


class Problem(Exception):  # noqa: N818 - the field's word for it, RFC 9457
    """An answer that is not the one asked for. A subclass is one kind; its slug never changes."""

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
        """The problem document: type, title, status, detail, and where there are any, errors."""
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
    """The body is not a form that can be read."""

    status = 400
    slug = "malformed-form"
    title = Bilingual("Không đọc được biểu mẫu", "The form cannot be read")
    detail = Bilingual(
        "Nội dung gửi lên không phải biểu mẫu {expected} hợp lệ.",
        "The body is not a well-formed {expected}.",
    )


class AmbiguousPlan(Problem):
    """More than one plan fits, and none was named."""

    status = 400
    slug = "ambiguous-plan"
    title = Bilingual("Chưa rõ kế hoạch nào", "It is not clear which plan is meant")
    detail = Bilingual(
        "Có nhiều kế hoạch phù hợp; hãy thêm tham số plan với một trong: {plans}.",
        "Several plans fit; add the parameter plan with one of: {plans}.",
    )


class Unauthenticated(Problem):
    """Nobody signed in, or the token or key is not, or no longer, good."""

    status = 401
    slug = "unauthenticated"
    title = Bilingual("Chưa đăng nhập", "Not signed in")
    detail = Bilingual(
        "Cần mã truy cập hoặc khóa API còn hiệu lực trong tiêu đề Authorization.",
        "A valid access token or API key is needed in the Authorization header.",
    )


class WrongPassword(Problem):
    """The name or the password is wrong; which of them is not said."""

    status = 401
    slug = "wrong-password"
    title = Bilingual("Đăng nhập không thành công", "Sign-in failed")
    detail = Bilingual(
        "Tên đăng nhập hoặc mật khẩu không đúng.", "The user name or the password is wrong."
    )


class Forbidden(Problem):
    """The principal is known and may not do this anywhere."""

    status = 403
    slug = "forbidden"
    title = Bilingual("Không có quyền", "Not allowed")
    detail = Bilingual(
        "Tài khoản hoặc khóa này không có quyền {operation} ({permission}).",
        "This account or key may not {operation} ({permission}).",
    )

    def __init__(self, operation: Bilingual, permission: str) -> None:
        super().__init__(operation=operation, permission=permission)


class NotFound(Problem):
    """There is no such thing, or none that the principal may know of."""

    status = 404
    slug = "not-found"
    title = Bilingual("Không tìm thấy", "Not found")
    detail = Bilingual("Không tìm thấy {what}.", "There is no {what}.")

    def __init__(self, what: Bilingual, **facts: Any) -> None:
        super().__init__(what=what.filled(facts))


class MethodNotAllowed(Problem):
    """The path exists, the method does not."""

    status = 405
    slug = "method-not-allowed"
    title = Bilingual("Phương thức không được hỗ trợ", "Method not allowed")
    detail = Bilingual(
        "Đường dẫn này không nhận phương thức đó.", "This path does not take that method."
    )

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__()
        self.allowed = tuple(allowed)


class NotAcceptable(Problem):
    """No format that the client accepts can be made."""

    status = 406
    slug = "not-acceptable"
    title = Bilingual("Không có định dạng phù hợp", "No acceptable format")
    detail = Bilingual("Chỉ có các định dạng: {formats}.", "The formats on offer are: {formats}.")


class StateConflict(Problem):
    """The thing is not in a state in which this can be done."""

    status = 409
    slug = "state-conflict"
    title = Bilingual("Trạng thái không cho phép", "The state does not allow it")
    detail = Bilingual("{why}", "{why}")

    def __init__(self, why: Bilingual, *, retry_after: int | None = None, **facts: Any) -> None:
        super().__init__(why=why.filled(facts), retry_after=retry_after)


class AlreadyExists(Problem):
    """There is one already."""

    status = 409
    slug = "already-exists"
    title = Bilingual("Đã tồn tại", "Already exists")
    detail = Bilingual("Đã có {what}.", "This exists already: {what}.")

    def __init__(self, what: Bilingual, **facts: Any) -> None:
        super().__init__(what=what.filled(facts))


class Stale(Problem):
    """Somebody changed it since it was read."""

    status = 412
    slug = "stale"
    title = Bilingual("Dữ liệu đã được người khác sửa", "Somebody changed it meanwhile")
    detail = Bilingual(
        "Bản đang có khác với bản mà If-Match nêu. Hãy tải lại, sửa trên bản mới rồi gửi lại.",
        "The current version is not the one that If-Match names. Read it again, apply the change "
        "to the new version and send it again.",
    )


class BodyTooLarge(Problem):
    """The body is larger than anything that is expected here."""

    status = 413
    slug = "body-too-large"
    title = Bilingual("Nội dung quá lớn", "The body is too large")
    detail = Bilingual("Nội dung gửi lên vượt giới hạn cho phép.", "The body is over the limit.")


class UnsupportedMediaType(Problem):
    """The body has a type that is not taken here."""

    status = 415
    slug = "unsupported-media-type"
    title = Bilingual("Kiểu nội dung không được hỗ trợ", "Unsupported media type")
    detail = Bilingual(
        "Cần nội dung kiểu {expected}.", "A body of the type {expected} is expected."
    )


class ValidationFailed(Problem):
    """The request is understood, and fields of it are wrong."""

    status = 422
    slug = "validation-failed"
    title = Bilingual("Dữ liệu chưa hợp lệ", "The data is not valid")
    detail = Bilingual(
        "Có {count} chỗ cần sửa; xem danh sách errors.",
        "{count:place needs|places need} mending; see the list errors.",
    )

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors=errors, count=len(errors))


class ReportIncomplete(ValidationFailed):
    """The draft has errors, so it cannot be submitted."""

    slug = "report-incomplete"
    title = Bilingual("Báo cáo chưa gửi được", "The report cannot be submitted yet")


class WarningsUnconfirmed(ValidationFailed):
    """The draft has warnings, and the sender has not confirmed them with a note."""

    slug = "warnings-unconfirmed"
    title = Bilingual("Có cảnh báo chưa được xác nhận", "Warnings are not confirmed")
    detail = Bilingual(
        "Có {count} cảnh báo; nếu số liệu đúng, hãy gửi lại kèm warnings_note giải thích.",
        "{count:warning has|warnings have} to be confirmed; if the figures are right, send again "
        "with a warnings_note.",
    )


class KeyReused(Problem):
    """The idempotency key was used for another request."""

    status = 422
    slug = "idempotency-key-reused"
    title = Bilingual("Khóa chống gửi trùng đã dùng", "The idempotency key was used before")
    detail = Bilingual(
        "Idempotency-Key này đã dùng cho một yêu cầu khác trong 24 giờ qua.",
        "This Idempotency-Key was used for another request within the last 24 hours.",
    )


class NotSettled(Problem):
    """The instant asked for can still get changes."""

    status = 422
    slug = "not-settled"
    title = Bilingual("Thời điểm chưa chốt", "The instant is not settled")
    detail = Bilingual(
        "as_of ở sau hiện tại; số liệu đến thời điểm đó còn có thể thay đổi. Hiện tại là {now}.",
        "as_of lies after the present; figures up to it can still change. It is {now} now.",
    )


class PreconditionRequired(Problem):
    """A change without If-Match could overwrite somebody else's."""

    status = 428
    slug = "precondition-required"
    title = Bilingual("Thiếu If-Match", "If-Match is missing")
    detail = Bilingual(
        "Hãy gửi kèm tiêu đề If-Match với ETag của bản đã đọc.",
        "Send the header If-Match with the ETag of the version that was read.",
    )


class TooManyAttempts(Problem):
    """Too many failed sign-ins."""

    status = 429
    slug = "too-many-attempts"
    title = Bilingual("Thử quá nhiều lần", "Too many attempts")
    detail = Bilingual(
        "Đăng nhập sai quá nhiều lần; hãy thử lại sau {seconds} giây.",
        "Too many failed sign-ins; try again in {seconds:second|seconds}.",
    )

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds=seconds, retry_after=seconds)


class InternalError(Problem):
    """A fault of the service. Nothing was changed."""

    status = 500
    slug = "internal-error"
    title = Bilingual("Lỗi của hệ thống", "The service failed")
    detail = Bilingual(
        "Hệ thống gặp lỗi và chưa thay đổi dữ liệu nào. Mã tra cứu: {request_id}.",
        "The service failed and changed nothing. Reference: {request_id}.",
    )


class Overloaded(Problem):
    """All database connections are in use, or the database does not answer."""

    status = 503
    slug = "overloaded"
    title = Bilingual("Hệ thống đang bận", "The service is busy")
    detail = Bilingual(
        "Hệ thống đang bận, chưa thay đổi dữ liệu nào; hãy thử lại sau ít giây.",
        "The service is busy and changed nothing; try again in a few seconds.",
    )

    def __init__(self) -> None:
        super().__init__(retry_after=2)
