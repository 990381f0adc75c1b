"""Requests that are refused because of the principal: credentials, permissions, limits."""

from app.errors.base import Problem
from app.text.bilingual import Bilingual


class SeveralCredentials(Problem):
    """The request has more than one token or key, which could belong to different principals."""

    status = 400
    slug = "several-credentials"
    title = Bilingual("Có nhiều thông tin xác thực", "Several credentials")
    detail = Bilingual(
        "Mỗi yêu cầu chỉ được kèm một mã truy cập hoặc một khóa: trong tiêu đề "
        "Authorization, trong tiêu đề X-API-Key hoặc trong địa chỉ.",
        "Send one token or key per request: in Authorization, in X-API-Key or in the address.",
    )


class Unauthenticated(Problem):
    """The request has no valid token or API key."""

    status = 401
    slug = "unauthenticated"
    title = Bilingual("Chưa đăng nhập", "Not signed in")
    detail = Bilingual(
        "Cần mã truy cập hoặc khóa API còn hiệu lực trong tiêu đề “Authorization: Bearer …”, hoặc "
        "khóa API trong tiêu đề X-API-Key.",
        "Expected a valid access token or API key in the header “Authorization: Bearer …”, or an "
        "API key in the header X-API-Key.",
    )


class WrongPassword(Problem):
    """The user name or the password is wrong; the error does not say which."""

    status = 401
    slug = "wrong-password"
    title = Bilingual("Đăng nhập không thành công", "Sign-in failed")
    detail = Bilingual(
        "Tên đăng nhập hoặc mật khẩu không đúng.", "The user name or the password is wrong."
    )


class WrongCode(Problem):
    """The user name or the code is wrong, or the code is not valid any more."""

    status = 401
    slug = "wrong-code"
    title = Bilingual("Mã không dùng được", "The code cannot be used")
    detail = Bilingual(
        "Tên đăng nhập hoặc mã không đúng, hoặc mã đã hết hạn hay đã dùng. Đề nghị cơ quan tổng "
        "hợp cấp mã khác.",
        "The user name or the code is wrong, or the code has expired or was used. Ask the "
        "coordinating office for another one.",
    )


class FormExpired(Problem):
    """A form of a page came from another browser, from another site, or after signing out."""

    status = 403
    slug = "form-expired"
    title = Bilingual("Trang đã mở quá lâu", "The page was open for too long")
    detail = Bilingual(
        "Nội dung chưa được lưu. Mở lại trang rồi gửi lần nữa.",
        "Nothing was saved. Open the page again and send the form once more.",
    )


class OtherOwner(Problem):
    """The report belongs to a plan that another government manages."""

    status = 403
    slug = "other-owner"
    title = Bilingual("Kế hoạch của đơn vị khác", "Another government's plan")
    detail = Bilingual(
        "Báo cáo thuộc kế hoạch {plan} của {owner}; chỉ cán bộ tổng hợp của {owner} mới "
        "thực hiện được việc này.",
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


class AgencyEnded(Problem):
    """The account belongs to an agency that has ended, so it can only read."""

    status = 403
    slug = "agency-ended"
    title = Bilingual("Đơn vị đã kết thúc hoạt động", "The agency has ended")
    detail = Bilingual(
        "Đơn vị của tài khoản này đã kết thúc hoạt động nên tài khoản chỉ còn xem được. Đề "
        "nghị quản trị viên chuyển tài khoản sang đơn vị mới hoặc ngừng tài khoản.",
        "The agency of this account has ended, so the account can only read. Ask an "
        "administrator to move it to another agency, or to close it.",
    )


class TooManyAttempts(Problem):
    """Too many failed sign-ins for this user name from this address."""

    status = 429
    slug = "too-many-attempts"
    title = Bilingual("Thử quá nhiều lần", "Too many attempts")
    detail = Bilingual(
        "Đăng nhập sai quá nhiều lần; đề nghị thử lại sau {seconds} giây.",
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
        "Đã tạo quá nhiều trong một giờ; đề nghị thử lại sau {seconds} giây.",
        "Too many were created within an hour; try again in {seconds:second|seconds}.",
    )

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds=seconds, retry_after=seconds)
