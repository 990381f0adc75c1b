"""Messages for fields, by Pydantic's type of validation error."""

from app.text.bilingual import Bilingual

MESSAGES = {
    "missing": Bilingual("Thiếu mục bắt buộc này.", "This field is required."),
    "extra_forbidden": Bilingual("Không có mục này; kiểm tra lại tên.", "Unknown field."),
    "string_type": Bilingual("Phải là chữ (chuỗi ký tự).", "Expected a string."),
    "int_type": Bilingual("Phải là số nguyên.", "Expected an integer."),
    "int_parsing": Bilingual("Phải là số nguyên.", "Expected an integer."),
    "int_from_float": Bilingual("Phải là số nguyên.", "Expected an integer."),
    "int_parsing_size": Bilingual("Số quá lớn.", "The number is too large."),
    "uuid_type": Bilingual(
        "Phải là mã UUID, ví dụ 018f3a6e-7b1c-7c2e-9f53-0a1b2c3d4e5f.",
        "Expected a UUID.",
    ),
    "uuid_parsing": Bilingual(
        "Phải là mã UUID, ví dụ 018f3a6e-7b1c-7c2e-9f53-0a1b2c3d4e5f.",
        "Expected a UUID.",
    ),
    "bool_type": Bilingual("Phải là true (có) hoặc false (không).", "Expected true or false."),
    "bool_parsing": Bilingual("Phải là true (có) hoặc false (không).", "Expected true or false."),
    "number_type": Bilingual("Phải là số.", "Expected a number."),
    "decimal_type": Bilingual("Phải là số.", "Expected a number."),
    "decimal_parsing": Bilingual("Phải là số.", "Expected a number."),
    "decimal_max_places": Bilingual(
        "Chỉ được có tối đa {decimal_places} chữ số thập phân.",
        "Expected at most {decimal_places:decimal place|decimal places}.",
    ),
    "decimal_max_digits": Bilingual(
        "Chỉ được có tối đa {max_digits} chữ số.",
        "Expected at most {max_digits:digit|digits}.",
    ),
    "decimal_whole_digits": Bilingual(
        "Phần nguyên chỉ được có tối đa {whole_digits} chữ số.",
        "Expected at most {whole_digits:digit|digits} before the decimal point.",
    ),
    "finite_number": Bilingual("Phải là số hữu hạn.", "Expected a finite number."),
    "greater_than": Bilingual("Phải lớn hơn {gt}.", "Expected more than {gt}."),
    "greater_than_equal": Bilingual("Phải từ {ge} trở lên.", "Expected {ge} or more."),
    "less_than": Bilingual("Phải nhỏ hơn {lt}.", "Expected less than {lt}."),
    "less_than_equal": Bilingual("Không được quá {le}.", "Expected {le} or less."),
    "string_too_short": Bilingual(
        "Phải có ít nhất {min_length} ký tự.",
        "Expected at least {min_length:character|characters}.",
    ),
    "string_too_long": Bilingual(
        "Không được quá {max_length} ký tự.",
        "Expected at most {max_length:character|characters}.",
    ),
    "not_one_line": Bilingual(
        "Phải viết trên một dòng, không xuống dòng, không có ký tự điều khiển.",
        "Expected one line of text without line breaks or control characters.",
    ),
    "invisible_character": Bilingual(
        "Có ký tự không nhìn thấy hoặc đổi chiều chữ ({character}); đề nghị xóa hết rồi gõ lại.",
        "Contains an invisible or direction-changing character ({character}); type it again.",
    ),
    "unreadable_name": Bilingual(
        "Phải có ít nhất một chữ cái hoặc chữ số.",
        "Expected at least one letter or digit.",
    ),
    "reserved_name": Bilingual(
        "Tên này dành riêng cho hệ thống trong nhật ký thay đổi; đề nghị chọn tên khác.",
        "Audit events use this name for the system itself; choose another one.",
    ),
    "control_character": Bilingual(
        "Có ký tự điều khiển không hợp lệ; chỉ được dùng xuống dòng và tab.",
        "The text contains control characters; only line breaks and tabs are allowed.",
    ),
    "string_pattern_mismatch": Bilingual(
        "Không đúng dạng; ví dụ đúng: {example}.",
        "Expected a string such as {example}; it must match {pattern}.",
    ),
    "too_short": Bilingual(
        "Phải có ít nhất {min_length} mục.",
        "Expected at least {min_length:item|items}.",
    ),
    "too_long": Bilingual(
        "Không được quá {max_length} mục.",
        "Expected at most {max_length:item|items}.",
    ),
    "enum": Bilingual(
        "Phải là một trong các giá trị: {expected}.",
        "Expected one of: {expected}.",
    ),
    "literal_error": Bilingual(
        "Phải là một trong các giá trị: {expected}.",
        "Expected one of: {expected}.",
    ),
    "date_type": Bilingual(
        "Phải là ngày dạng năm-tháng-ngày, ví dụ 2024-06-15.",
        "Expected a date as YYYY-MM-DD.",
    ),
    "date_parsing": Bilingual(
        "Phải là ngày có thật, dạng năm-tháng-ngày, ví dụ 2024-06-15.",
        "Expected a date that exists, as YYYY-MM-DD.",
    ),
    "date_from_datetime_parsing": Bilingual(
        "Phải là ngày có thật, dạng năm-tháng-ngày, ví dụ 2024-06-15.",
        "Expected a date that exists, as YYYY-MM-DD.",
    ),
    "date_from_datetime_inexact": Bilingual(
        "Phải là ngày dạng năm-tháng-ngày, không kèm giờ, ví dụ 2024-06-15.",
        "Expected a date as YYYY-MM-DD without a time.",
    ),
    "datetime_type": Bilingual(
        "Phải là thời điểm có múi giờ (ISO 8601), ví dụ 2024-06-15T17:30:00+07:00.",
        "Expected an ISO 8601 instant with a UTC offset.",
    ),
    "datetime_parsing": Bilingual(
        "Phải là thời điểm có múi giờ (ISO 8601), ví dụ 2024-06-15T17:30:00+07:00.",
        "Expected an ISO 8601 instant with a UTC offset, e.g. 2024-06-15T17:30:00+07:00.",
    ),
    "datetime_from_date_parsing": Bilingual(
        "Phải là thời điểm có múi giờ (ISO 8601), ví dụ 2024-06-15T17:30:00+07:00.",
        "Expected an ISO 8601 instant with a UTC offset, e.g. 2024-06-15T17:30:00+07:00.",
    ),
    "timezone_aware": Bilingual(
        "Thời điểm phải kèm múi giờ, ví dụ +07:00.", "The instant needs a UTC offset, e.g. +07:00."
    ),
    "list_type": Bilingual("Phải là danh sách.", "Expected a list."),
    "dict_type": Bilingual("Phải là đối tượng JSON.", "Expected a JSON object."),
    "model_type": Bilingual("Phải là đối tượng JSON.", "Expected a JSON object."),
    "model_attributes_type": Bilingual("Phải là đối tượng JSON.", "Expected a JSON object."),
    "time_of_day": Bilingual(
        "Phải là giờ trong ngày dạng giờ:phút, ví dụ 08:00.",
        "Expected a time of day as HH:MM, e.g. 08:00.",
    ),
    "repeats": Bilingual(
        "Số ngày giữa hai lần nhắc (repeat_days) và số lần nhắc lại (repeat_times) phải "
        "ghi cùng nhau.",
        "repeat_days and repeat_times must be given together.",
    ),
    "web_address": Bilingual(
        "Phải là địa chỉ bắt đầu bằng http:// hoặc https://, không kèm tên và mật khẩu.",
        "Expected a URL that starts with http:// or https://, without user name and password.",
    ),
    "not_unique": Bilingual("Mỗi giá trị chỉ ghi một lần.", "Each value may occur only once."),
    "email": Bilingual(
        "Phải là địa chỉ thư điện tử, ví dụ xuanhong@thoxuan.gov.vn: chữ cái không dấu và "
        "chữ số, không có khoảng trắng hay dấu ngoặc.",
        "Expected an e-mail address such as name@office.vn: ASCII letters and digits, no "
        "spaces or brackets.",
    ),
}
PATTERN_EXAMPLES = {
    r"^[0-9]{4}-(Q[1-4]|H[12]|Y)$": "2024-Q2",
    r"^[a-z0-9][a-z0-9._-]{1,63}$": "xuan-hong",
    r"^[0-9A-Za-z][0-9A-Za-z._-]*$": "DA3.TDA1",
    r"^[A-Z0-9]+(\.[A-Z0-9]+)*$": "H56.20",
    r"^(/.*)?$": "/entries/0/value",
    r"^[^\x00-\x1f\x7f]+$": "018f3a6e-7b1c-7c2e-9f53-0a1b2c3d4e5f",
}
"""A value that is right, for each pattern of a field or parameter."""
DEFAULT_MESSAGE = Bilingual("Giá trị không hợp lệ.", "Invalid value.")
