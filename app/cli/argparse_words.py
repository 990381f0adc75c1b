"""The words of argparse in Vietnamese.

argparse looks its texts up with gettext, which takes catalogues only from files. So its function is
replaced, with the texts of the supported Python versions.
"""

import argparse

from app.text.writing import Language

WORDS = {
    "usage: ": "cách dùng: ",
    "positional arguments": "tham số",
    "options": "tùy chọn",
    "show this help message and exit": "hiện hướng dẫn này rồi kết thúc",
    "%(prog)s: error: %(message)s\n": "%(prog)s: lỗi: %(message)s\n",
    "argument %(argument_name)s: %(message)s": "tham số %(argument_name)s: %(message)s",
    "the following arguments are required: %s": "thiếu tham số bắt buộc: %s",
    "unrecognized arguments: %s": "không có tham số này: %s",
    "expected one argument": "cần một giá trị",
    "expected at least one argument": "cần ít nhất một giá trị",
    "ignored explicit argument %r": "tham số này không nhận giá trị: %r",
    "invalid %(type)s value: %(value)r": "giá trị không hợp lệ: %(value)r",
    "invalid choice: %(value)r (choose from %(choices)s)": (
        "không có lựa chọn %(value)r (các lựa chọn: %(choices)s)"
    ),
    "invalid choice: %(value)r, maybe you meant %(closest)r? (choose from %(choices)s)": (
        "không có lựa chọn %(value)r, có phải %(closest)r? (các lựa chọn: %(choices)s)"
    ),
    "unknown parser %(parser_name)r (choices: %(choices)s)": (
        "không có lệnh %(parser_name)r (các lệnh: %(choices)s)"
    ),
}


def speak(language: Language) -> None:
    """Make argparse use a language in this process."""
    words = WORDS if language == "vi" else {}
    setattr(argparse, "_", lambda text: words.get(text, text))  # noqa: B010 - no public name
