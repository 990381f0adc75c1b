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
        "Có nhiều kế hoạch phù hợp; đề nghị chọn một kế hoạch (tham số plan): {plans}.",
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
    title = Bilingual("Chưa thực hiện được", "The state does not allow it")
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
        "Dữ liệu đã thay đổi sau khi được đọc (If-Match không khớp). Đề nghị tải lại, sửa "
        "trên bản mới rồi gửi lại.",
        "The current version does not match If-Match. Read the resource again, apply your "
        "change to the new version and send it again.",
    )


class KeyReused(Problem):
    """The idempotency key was used for another request or an earlier draft."""

    status = 422
    slug = "idempotency-key-reused"
    title = Bilingual(
        "Mã chống gửi trùng đã dùng",
        "The idempotency key was used for another request",
    )
    detail = Bilingual(
        "Mã chống gửi trùng này (Idempotency-Key) đã dùng cho yêu cầu khác hoặc cho dự "
        "thảo trước trong 24 giờ qua; mỗi lần gửi phải có mã mới.",
        "This Idempotency-Key was used for another request, or for an earlier draft, "
        "within the last 24 hours; each submission needs a new key.",
    )


class AmbiguousProgramme(Problem):
    """Plans of several programmes match, and the request names none."""

    status = 400
    slug = "ambiguous-programme"
    title = Bilingual("Chưa rõ chương trình nào", "The programme is ambiguous")
    detail = Bilingual(
        "Có kế hoạch của nhiều chương trình phù hợp; đề nghị chọn một chương trình (tham "
        "số programme): {programmes}.",
        "Plans of several programmes match; add the parameter `programme` with one of: "
        "{programmes}.",
    )


class NotSettled(Problem):
    """The requested instant is not settled: changes can still be committed before it."""

    status = 422
    slug = "not-settled"
    title = Bilingual("Thời điểm chưa chốt", "The instant is not settled")
    detail = Bilingual(
        "Số liệu mới chốt đến {settled}, sau đó còn có thể thay đổi; đề nghị chọn thời "
        "điểm (as_of) không sau đó.",
        "as_of is after {settled}. Figures are settled up to then; later ones can still change.",
    )


class PreconditionRequired(Problem):
    """The request has no If-Match, so it could overwrite another change."""

    status = 428
    slug = "precondition-required"
    title = Bilingual("Chưa nêu phiên bản đã đọc", "If-Match is missing")
    detail = Bilingual(
        "Đề nghị gửi kèm phiên bản đã đọc (tiêu đề If-Match, lấy từ ETag).",
        "Send the header If-Match with the ETag of the version that you have read.",
    )
