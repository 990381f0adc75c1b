"""The texts of stored reasons: why a notification was planned, not sent, or not delivered."""

from app.text.bilingual import Bilingual
from app.text.writing import Language
from app.vocabulary import NotificationReason as Reason

SUPERSEDING = frozenset({Reason.ALREADY_NOTIFIED, Reason.LATER_REMINDER, Reason.LATER_EVENT})
"""The reasons by which another notification replaces one; by the others it no longer holds."""

TEXTS: dict[Reason, Bilingual] = {
    Reason.DUE: Bilingual("đến lúc nhắc và chưa nhắc", "due and not yet reminded"),
    Reason.HAPPENED: Bilingual("sự kiện vừa xảy ra", "it happened"),
    Reason.FALLBACK: Bilingual(
        "không gửi được qua kênh đã chọn", "it could not be delivered by the chosen channel"
    ),
    Reason.ALREADY_NOTIFIED: Bilingual(
        "đã nhắc theo quy tắc khác hoặc qua kênh khác", "reminded by another rule or channel"
    ),
    Reason.LATER_REMINDER: Bilingual("đã có lần nhắc sau thay thế", "a later reminder says more"),
    Reason.LATER_EVENT: Bilingual("đã có thông báo sau thay thế", "a later event says more"),
    Reason.DROPPED_BY_OPERATOR: Bilingual(
        "người vận hành đã bỏ sau khi khôi phục dữ liệu", "dropped by the operator after a restore"
    ),
    Reason.ACCOUNT_INACTIVE: Bilingual(
        "tài khoản đã ngừng hoạt động", "the account is no longer active"
    ),
    Reason.ROLE_CHANGED: Bilingual(
        "người nhận đã đổi vai trò", "the recipient has another role now"
    ),
    Reason.AGENCY_CHANGED: Bilingual(
        "người nhận đã chuyển sang đơn vị khác", "the recipient has moved to another agency"
    ),
    Reason.AGENCY_ENDED: Bilingual(
        "đơn vị đã kết thúc trước khi hết kỳ số liệu", "the agency ended before the period did"
    ),
    Reason.AGENCY_EXEMPT: Bilingual("đơn vị được miễn báo cáo", "the agency is exempt"),
    Reason.AGENCY_NOT_EXEMPT: Bilingual(
        "đơn vị không còn được miễn báo cáo", "the agency is no longer exempt"
    ),
    Reason.REPORT_SUBMITTED: Bilingual("báo cáo đã được gửi", "the report was submitted"),
    Reason.REPORT_RESUBMITTED: Bilingual("báo cáo đã được gửi lại", "the report was resubmitted"),
    Reason.REPORT_NOT_ACCEPTED: Bilingual(
        "báo cáo không còn là đã duyệt", "the report is no longer accepted"
    ),
    Reason.CORRECTION_MOVED: Bilingual(
        "hạn gửi lại đã đổi sang ngày khác", "the correction is due on another day"
    ),
    Reason.PERIOD_CLOSED: Bilingual("kỳ báo cáo đã khóa", "the period is closed"),
    Reason.PERIOD_OPEN: Bilingual("kỳ báo cáo đang mở", "the period is open"),
    Reason.DUE_DATE_EXTENDED: Bilingual("hạn gửi đã được gia hạn", "the due date was extended"),
    Reason.RULE_DROPPED: Bilingual("quy tắc nhắc không còn áp dụng", "the rule was dropped"),
    Reason.PLAN_LOADED: Bilingual("sau đó kế hoạch đã nạp được", "the plan was loaded since"),
    Reason.INTERRUPTED: Bilingual(
        "mọi lần gửi đều bị ngắt giữa chừng", "every attempt was interrupted"
    ),
    Reason.NO_WEBHOOK: Bilingual(
        "đơn vị chưa có cổng nhận tin nào", "no webhook serves the agency"
    ),
    Reason.NO_MAIL_ADDRESS: Bilingual(
        "tài khoản chưa có địa chỉ thư điện tử", "the account has no e-mail address"
    ),
    Reason.INVALID_MAIL_ADDRESS: Bilingual(
        "không phải địa chỉ thư điện tử: {detail}", "not an e-mail address: {detail}"
    ),
    Reason.MAIL_TIMEOUT: Bilingual(
        "máy chủ thư không trả lời kịp", "the mail server did not answer in time"
    ),
    Reason.WEBHOOK_TIMEOUT: Bilingual(
        "cổng nhận tin không trả lời kịp", "the webhook did not answer in time"
    ),
    Reason.WEBHOOK_STATUS: Bilingual(
        "cổng nhận tin trả lời {detail}", "the webhook answered {detail}"
    ),
    Reason.WEBHOOK_UNREACHABLE: Bilingual(
        "địa chỉ của cổng nhận tin không gọi được", "the webhook's address cannot be used"
    ),
    Reason.WEBHOOK_NOT_PUBLIC: Bilingual(
        "khi vận hành chính thức, cổng nhận tin phải có địa chỉ https công khai",
        "in production a webhook needs a public https address",
    ),
    Reason.DELIVERY_ERROR: Bilingual("{detail}", "{detail}"),
}


def describe(reason: Reason, detail: str | None, language: Language) -> str:
    """The text of a reason; `detail`: the unchanged message of a server or an exception."""
    return TEXTS[reason].fill(language, {"detail": detail or ""})
