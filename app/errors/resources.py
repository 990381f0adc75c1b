"""Requests that do not fit the resource: which one, its state, its version."""

from typing import Any

from app.errors.base import Problem
from app.text.bilingual import Bilingual


class AmbiguousPlan(Problem):
    """Several plans match, and the request names none."""

    status = 400
    slug = "ambiguous-plan"
    title = Bilingual("Chưa rõ kế hoạch nào", "The plan is ambiguous")
    detail = Bilingual(
        "Có nhiều kế hoạch phù hợp; hãy thêm tham số plan với một trong: {plans}.",
        "Several plans match; add the parameter `plan` with one of: {plans}.",
    )


class NotFound(Problem):
    """The resource does not exist, or the principal may not see it."""

    status = 404
    slug = "not-found"
    title = Bilingual("Không tìm thấy", "Not found")
    detail = Bilingual("Không tìm thấy {what}.", "There is no {what}.")

    def __init__(self, what: Bilingual, **facts: Any) -> None:
        super().__init__(what=what.filled(facts))


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


class AmbiguousProgramme(Problem):
    """Plans of several programmes match, and the request names none."""

    status = 400
    slug = "ambiguous-programme"
    title = Bilingual("Chưa rõ chương trình nào", "The programme is ambiguous")
    detail = Bilingual(
        "Có kế hoạch của nhiều chương trình phù hợp; hãy thêm tham số programme với một trong: "
        "{programmes}.",
        "Plans of several programmes match; add the parameter `programme` with one of: "
        "{programmes}.",
    )


class NotSettled(Problem):
    """The requested instant is not settled: changes can still be committed before it."""

    status = 422
    slug = "not-settled"
    title = Bilingual("Thời điểm chưa chốt", "The instant is not settled")
    detail = Bilingual(
        "as_of ở sau {settled}; số liệu mới chốt đến thời điểm đó, sau đó còn có thể thay đổi.",
        "as_of is after {settled}. Figures are settled up to then; later ones can still change.",
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
