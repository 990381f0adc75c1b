"""Why something was told, or was not: the words that are stored, as people read them.

Stored is the English wording; it is the key. What is not known here, a mail server's own words,
is shown as it came.
"""

from app.text.writing import Language

VIETNAMESE = {
    "due and not yet told": "đến lúc nhắc và chưa nhắc",
    "told by another rule or channel": "đã nhắc theo quy tắc khác hoặc qua kênh khác",
    "it happened": "sự kiện vừa xảy ra",
    "it could not leave by the channel chosen": "không gửi được qua kênh đã chọn",
    "a later reminder says more": "đã có lần nhắc sau nói đủ hơn",
    "a later event says more": "đã có tin sau nói đủ hơn",
    "the account is no longer active": "tài khoản đã ngừng hoạt động",
    "the person has another role now": "người nhận đã đổi vai trò",
    "the person has moved to another agency": "người nhận đã chuyển sang đơn vị khác",
    "the agency had ended before the period did": "đơn vị đã kết thúc trước khi hết kỳ số liệu",
    "the agency was exempted": "đơn vị được miễn báo cáo",
    "the agency is no longer exempt": "đơn vị không còn được miễn báo cáo",
    "the report was sent again": "báo cáo đã được gửi lại",
    "the correction is due on another day": "hạn sửa đã đổi sang ngày khác",
    "the report is no longer accepted": "báo cáo không còn ở trạng thái đã duyệt",
    "the period is closed": "kỳ báo cáo đã khóa",
    "the period is open": "kỳ báo cáo đang mở",
    "the report has come": "báo cáo đã được gửi",
    "the due date was extended": "hạn gửi đã được gia hạn",
    "the rule was dropped": "quy tắc nhắc đã bỏ",
    "the plan was loaded since": "kế hoạch đã được nạp sau đó",
    "every attempt was cut off before its end": "mọi lần gửi đều bị ngắt giữa chừng",
    "no webhook covers the agency": "không có cổng nhận tin nào cho đơn vị",
    "the account has no e-mail address": "tài khoản chưa có địa chỉ thư điện tử",
    "the mail server did not answer in time": "máy chủ thư không trả lời kịp",
    "the webhook did not answer in time": "cổng nhận tin không trả lời kịp",
    "the webhook's address cannot be asked": "địa chỉ của cổng nhận tin không gọi được",
    "in production a webhook needs a public https address": (
        "khi vận hành thật, cổng nhận tin cần một địa chỉ https công khai"
    ),
}
OPENINGS = {
    "not an e-mail address: ": "không phải địa chỉ thư điện tử: ",
    "the webhook answered ": "cổng nhận tin trả lời ",
}
"""The same for what ends in a fact."""


def said(reason: str, language: Language) -> str:
    """A stored reason in the language of who reads it."""
    if language == "en":
        return reason
    for opening, vietnamese in OPENINGS.items():
        if reason.startswith(opening):
            return vietnamese + reason.removeprefix(opening)
    return VIETNAMESE.get(reason, reason)
