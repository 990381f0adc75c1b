"""Messages for fields, by Pydantic's type of validation error."""

from app.text.bilingual import Bilingual

MESSAGES = {
    "missing": Bilingual("Thiếu trường bắt buộc này.", "This field is required."),
    "extra_forbidden": Bilingual("Không có trường này.", "Unknown field."),
    "string_type": Bilingual("Cần một chuỗi ký tự.", "Expected a string."),
    "int_type": Bilingual("Cần một số nguyên.", "Expected an integer."),
    "int_parsing": Bilingual("Cần một số nguyên.", "Expected an integer."),
    "int_from_float": Bilingual("Cần một số nguyên.", "Expected an integer."),
    "int_parsing_size": Bilingual("Số quá lớn.", "The number is too large."),
    "uuid_type": Bilingual("Cần một mã UUID.", "Expected a UUID."),
    "uuid_parsing": Bilingual("Cần một mã UUID.", "Expected a UUID."),
    "bool_type": Bilingual("Cần true hoặc false.", "Expected true or false."),
    "bool_parsing": Bilingual("Cần true hoặc false.", "Expected true or false."),
    "number_type": Bilingual("Cần một số.", "Expected a number."),
    "decimal_type": Bilingual("Cần một số.", "Expected a number."),
    "decimal_parsing": Bilingual("Cần một số.", "Expected a number."),
    "decimal_max_places": Bilingual(
        "Tối đa {decimal_places} chữ số thập phân.",
        "Expected at most {decimal_places:decimal place|decimal places}.",
    ),
    "decimal_max_digits": Bilingual(
        "Tối đa {max_digits} chữ số.", "Expected at most {max_digits:digit|digits}."
    ),
    "decimal_whole_digits": Bilingual(
        "Tối đa {whole_digits} chữ số phần nguyên.",
        "Expected at most {whole_digits:digit|digits} before the decimal point.",
    ),
    "finite_number": Bilingual("Cần một số hữu hạn.", "Expected a finite number."),
    "greater_than": Bilingual("Cần lớn hơn {gt}.", "Expected more than {gt}."),
    "greater_than_equal": Bilingual("Cần từ {ge} trở lên.", "Expected {ge} or more."),
    "less_than": Bilingual("Cần nhỏ hơn {lt}.", "Expected less than {lt}."),
    "less_than_equal": Bilingual("Cần không quá {le}.", "Expected {le} or less."),
    "string_too_short": Bilingual(
        "Cần ít nhất {min_length} ký tự.", "Expected at least {min_length:character|characters}."
    ),
    "string_too_long": Bilingual(
        "Cần không quá {max_length} ký tự.", "Expected at most {max_length:character|characters}."
    ),
    "not_one_line": Bilingual(
        "Cần một dòng chữ, không có ký tự xuống dòng hay ký tự điều khiển.",
        "Expected one line of text without line breaks or control characters.",
    ),
    "invisible_character": Bilingual(
        "Có ký tự không nhìn thấy hoặc đổi chiều chữ ({character}); hãy xóa hết rồi gõ lại.",
        "Contains an invisible or direction-changing character ({character}); type it again.",
    ),
    "unreadable_name": Bilingual(
        "Cần ít nhất một chữ cái hoặc chữ số.", "Expected at least one letter or digit."
    ),
    "reserved_name": Bilingual(
        "Tên này dành cho hệ thống trong nhật ký; hãy chọn tên khác.",
        "Audit events use this name for the system itself; choose another one.",
    ),
    "control_character": Bilingual(
        "Văn bản chứa ký tự điều khiển không hợp lệ; chỉ dùng xuống dòng và tab.",
        "The text contains control characters; only line breaks and tabs are allowed.",
    ),
    "string_pattern_mismatch": Bilingual(
        "Không đúng dạng; cần khớp với {pattern}.", "Expected a string that matches {pattern}."
    ),
    "too_short": Bilingual(
        "Cần ít nhất {min_length} mục.", "Expected at least {min_length:item|items}."
    ),
    "too_long": Bilingual(
        "Cần không quá {max_length} mục.", "Expected at most {max_length:item|items}."
    ),
    "enum": Bilingual("Cần một trong: {expected}.", "Expected one of: {expected}."),
    "literal_error": Bilingual("Cần một trong: {expected}.", "Expected one of: {expected}."),
    "date_type": Bilingual("Cần một ngày dạng YYYY-MM-DD.", "Expected a date as YYYY-MM-DD."),
    "date_parsing": Bilingual(
        "Cần một ngày có thật, dạng YYYY-MM-DD.", "Expected a date that exists, as YYYY-MM-DD."
    ),
    "date_from_datetime_parsing": Bilingual(
        "Cần một ngày có thật, dạng YYYY-MM-DD.", "Expected a date that exists, as YYYY-MM-DD."
    ),
    "date_from_datetime_inexact": Bilingual(
        "Cần một ngày dạng YYYY-MM-DD, không kèm giờ.",
        "Expected a date as YYYY-MM-DD without a time.",
    ),
    "datetime_type": Bilingual(
        "Cần một thời điểm ISO 8601 có múi giờ.", "Expected an ISO 8601 instant with a UTC offset."
    ),
    "datetime_parsing": Bilingual(
        "Cần một thời điểm ISO 8601 có múi giờ, ví dụ 2024-06-15T17:30:00+07:00.",
        "Expected an ISO 8601 instant with a UTC offset, e.g. 2024-06-15T17:30:00+07:00.",
    ),
    "datetime_from_date_parsing": Bilingual(
        "Cần một thời điểm ISO 8601 có múi giờ, ví dụ 2024-06-15T17:30:00+07:00.",
        "Expected an ISO 8601 instant with a UTC offset, e.g. 2024-06-15T17:30:00+07:00.",
    ),
    "timezone_aware": Bilingual(
        "Thời điểm phải kèm múi giờ, ví dụ +07:00.", "The instant needs a UTC offset, e.g. +07:00."
    ),
    "list_type": Bilingual("Cần một danh sách.", "Expected a list."),
    "dict_type": Bilingual("Cần một đối tượng JSON.", "Expected a JSON object."),
    "model_type": Bilingual("Cần một đối tượng JSON.", "Expected a JSON object."),
    "model_attributes_type": Bilingual("Cần một đối tượng JSON.", "Expected a JSON object."),
    "time_of_day": Bilingual(
        "Cần giờ trong ngày dạng HH:MM, ví dụ 08:00.",
        "Expected a time of day as HH:MM, e.g. 08:00.",
    ),
    "repeats": Bilingual(
        "repeat_days và repeat_times phải đi cùng nhau.",
        "repeat_days and repeat_times must be given together.",
    ),
    "web_address": Bilingual(
        "Cần địa chỉ bắt đầu bằng http:// hoặc https://, không kèm tên và mật khẩu.",
        "Expected a URL that starts with http:// or https://, without user name and password.",
    ),
    "not_unique": Bilingual("Mỗi giá trị chỉ nêu một lần.", "Each value may occur only once."),
    "email": Bilingual(
        "Cần một địa chỉ thư điện tử dạng ten@donvi.vn: chữ cái không dấu và chữ số, không có "
        "khoảng trắng hay dấu ngoặc.",
        "Expected an e-mail address such as name@office.vn: ASCII letters and digits, no spaces or "
        "brackets.",
    ),
}
DEFAULT_MESSAGE = Bilingual("Giá trị không hợp lệ.", "Invalid value.")
