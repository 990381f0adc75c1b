"""The arguments of the command `tiendo`, described in two languages."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from app.cli.argparse_words import speak
from app.cli.language import LANGUAGES, VARIABLE
from app.text.bilingual import Bilingual
from app.text.writing import Language
from app.vocabulary import Role

DESCRIPTION = Bilingual(
    "Tiến độ: báo cáo tiến độ chương trình mục tiêu quốc gia.",
    "Tiến độ: reports on the progress of national target programmes.",
)
COMMAND = Bilingual("LỆNH", "COMMAND")
COMMANDS = Bilingual("lệnh", "commands")
LANGUAGE = Bilingual(
    f"ngôn ngữ: vi (mặc định) hoặc en; hoặc đặt biến {VARIABLE}",
    f"the language: vi (default) or en; or set {VARIABLE}",
)
FILE = Bilingual("TỆP", "FILE")
FOLDER = Bilingual("THƯ_MỤC", "FOLDER")
NUMBER = Bilingual("SỐ", "NUMBER")
TEXT = Bilingual("GIÁ_TRỊ", "VALUE")
OUT_OF_RANGE = Bilingual(
    "cần một số nguyên từ {minimum} đến {maximum}", "expected a number from {minimum} to {maximum}"
)
NOT_AN_ID = Bilingual("cần mã của thông báo", "expected the id of a message")


@dataclass(frozen=True)
class Argument:
    """An argument or option; `settings` are those of `ArgumentParser.add_argument`.

    convert: makes the function that converts its text, whose errors are in the language.
    """

    name: str
    help: Bilingual
    metavar: Bilingual | None = None
    convert: "Callable[[Language], Callable[[str], Any]] | None" = None
    settings: dict[str, Any] = field(default_factory=dict)

    def add_to(self, parser: argparse.ArgumentParser, language: Language) -> None:
        """Add it to a parser."""
        settings = dict(self.settings)
        if self.metavar is not None:
            settings["metavar"] = self.metavar.text_in(language)
        if self.convert is not None:
            settings["type"] = self.convert(language)
        parser.add_argument(self.name, help=self.help.text_in(language), **settings)


def whole(minimum: int, maximum: int) -> Callable[[Language], Callable[[str], int]]:
    """A number within a range."""

    def convert(language: Language) -> Callable[[str], int]:
        def parse(text: str) -> int:
            if text.isdecimal() and minimum <= int(text) <= maximum:
                return int(text)
            limits = {"minimum": minimum, "maximum": maximum}
            raise argparse.ArgumentTypeError(OUT_OF_RANGE.fill(language, limits))

        return parse

    return convert


def message_id(language: Language) -> Callable[[str], UUID]:
    """The id of a message."""

    def parse(text: str) -> UUID:
        try:
            return UUID(text)
        except ValueError:
            raise argparse.ArgumentTypeError(NOT_AN_ID.text_in(language)) from None

    return parse


FLAG = {"action": "store_true"}
PATH = {"type": Path}


def _number(name: str, minimum: int, maximum: int, default: int, text: Bilingual) -> Argument:
    return Argument(name, text, NUMBER, whole(minimum, maximum), {"default": default})


ARGUMENTS: dict[str, tuple[Bilingual, tuple[Argument, ...]]] = {
    "serve": (
        Bilingual(
            "Chạy máy chủ. Nếu cơ sở dữ liệu còn trống thì nạp kế hoạch đầu tiên và tạo tài khoản "
            "admin.",
            "Run the server. Fills an empty database with the first plan and the user admin.",
        ),
        (),
    ),
    "worker": (
        Bilingual(
            "Lập và gửi nhắc việc, dùng khi các máy chủ đặt TIENDO_EMBEDDED_WORKER=false.",
            "Plan and send reminders, for servers with TIENDO_EMBEDDED_WORKER=false.",
        ),
        (
            _number(
                "--concurrency",
                1,
                64,
                4,
                Bilingual(
                    "số tác vụ chạy cùng lúc; mặc định 4", "number of concurrent jobs; default 4"
                ),
            ),
        ),
    ),
    "migrate": (
        Bilingual(
            "Nâng cấu trúc cơ sở dữ liệu lên phiên bản mới nhất.",
            "Migrate the database to the newest schema.",
        ),
        (),
    ),
    "seed": (
        Bilingual(
            "Nạp kế hoạch, chương trình hoặc đợt sắp xếp đơn vị, hoặc cập nhật từ tệp đã sửa.",
            "Load a plan, a programme or a reorganisation, or update it with corrected files.",
        ),
        (
            Argument(
                "folder",
                Bilingual(
                    "thư mục của kế hoạch, chương trình hoặc đợt sắp xếp; mặc định: kế hoạch 2024",
                    "folder of a plan, a programme or a reorganisation; default: the plan of 2024",
                ),
                FOLDER,
                None,
                PATH | {"nargs": "?"},
            ),
            Argument(
                "--move-open-periods",
                Bilingual(
                    "dời hạn các kỳ đang mở theo chế độ báo cáo đã sửa, và báo cho đơn vị báo cáo",
                    "move open periods to the due dates of changed schedules, and tell the "
                    "reporters",
                ),
                settings=FLAG,
            ),
        ),
    ),
    "simulate": (
        Bilingual(
            "Lập dữ liệu mô phỏng cả nước vào cơ sở dữ liệu trống, để diễn tập và đo tốc độ.",
            "Fill an empty database with a simulated country, for rehearsals and measurements.",
        ),
        (
            _number("--provinces", 1, 99, 63, Bilingual("số tỉnh", "number of provinces")),
            _number("--districts", 1, 9_999, 705, Bilingual("số huyện", "number of districts")),
            _number("--communes", 30, 99_999, 10_598, Bilingual("số xã", "number of communes")),
            _number(
                "--years",
                1,
                4,
                3,
                Bilingual("số năm có kế hoạch, đến 2024", "years of plans, up to 2024"),
            ),
        ),
    ),
    "user": (
        Bilingual(
            "Tạo tài khoản, hoặc đặt lại mật khẩu.", "Create an account, or reset its password."
        ),
        (
            Argument("name", Bilingual("tên đăng nhập", "the user name"), settings={}),
            Argument(
                "--role",
                Bilingual("vai trò của tài khoản mới", "role of a new account"),
                settings={"choices": [role.value for role in Role]},
            ),
            Argument(
                "--agency",
                Bilingual(
                    "mã đơn vị; chỉ quản trị viên mới có thể không có",
                    "code of the agency; optional only for an admin",
                ),
                TEXT,
            ),
            Argument(
                "--full-name",
                Bilingual("họ và tên; mặc định: tên đăng nhập", "default: the user name"),
                TEXT,
            ),
            Argument("--email", Bilingual("địa chỉ thư điện tử", "e-mail address"), TEXT),
            Argument(
                "--password",
                Bilingual(
                    "mật khẩu; mặc định: tự sinh và hiện một lần", "default: a generated password"
                ),
                TEXT,
            ),
            Argument(
                "--reset",
                Bilingual(
                    "đặt mật khẩu mới và mở lại tài khoản",
                    "set a new password and activate the account",
                ),
                settings=FLAG,
            ),
        ),
    ),
    "backup": (
        Bilingual(
            "Sao lưu toàn bộ cơ sở dữ liệu vào một tệp, cả khi dịch vụ đang chạy.",
            "Write one archive of the whole database, also while the service runs.",
        ),
        (
            Argument(
                "file",
                Bilingual("tệp cần ghi, hoặc cần kiểm tra", "the file to write, or to check"),
                FILE,
                None,
                PATH,
            ),
            Argument(
                "--check",
                Bilingual(
                    "đọc lại một tệp sao lưu và kiểm tra toàn bộ",
                    "read an existing archive, and check all of it",
                ),
                settings=FLAG,
            ),
        ),
    ),
    "restore": (
        Bilingual(
            "Khôi phục tệp sao lưu vào cơ sở dữ liệu trống. Xong mới chạy dịch vụ.",
            "Fill an empty database from an archive. Start the service only afterwards.",
        ),
        (
            Argument(
                "file",
                Bilingual("tệp do `tiendo backup` ghi", "an archive of `tiendo backup`"),
                FILE,
                None,
                PATH,
            ),
            Argument(
                "--hold-mail",
                Bilingual(
                    "giữ lại mọi thông báo cho đến khi cho gửi",
                    "let no message leave until you release them",
                ),
                settings=FLAG,
            ),
        ),
    ),
    "messages": (
        Bilingual(
            "Liệt kê thông báo chờ gửi qua thư điện tử hoặc webhook; giữ lại, cho gửi hoặc bỏ.",
            "List the messages that wait to leave by e-mail or webhook; hold, release or drop "
            "them.",
        ),
        (
            Argument(
                "--hold",
                Bilingual("giữ lại mọi thông báo", "let no message leave"),
                settings=FLAG,
            ),
            Argument(
                "--release",
                Bilingual("cho gửi trở lại", "let messages leave again"),
                settings=FLAG,
            ),
            Argument(
                "--drop",
                Bilingual(
                    "mã của thông báo không gửi nữa; có thể ghi nhiều lần",
                    "id of a message that is not to leave; repeatable",
                ),
                Bilingual("MÃ", "ID"),
                message_id,
                {"action": "append"},
            ),
            Argument(
                "--drop-all",
                Bilingual("bỏ mọi thông báo đang chờ", "drop all messages that wait"),
                settings=FLAG,
            ),
        ),
    ),
    "verify": (
        Bilingual(
            "Kiểm tra những gì đã ghi có bị sửa hay xóa không.",
            "Verify that nothing that was recorded has been changed or removed.",
        ),
        (
            Argument(
                "--checkpoint",
                Bilingual(
                    "tệp điểm kiểm tra, ngoài các tệp trong thư mục dữ liệu; có thể ghi nhiều lần",
                    "file of checkpoints, besides those in the data folder; repeatable",
                ),
                FILE,
                None,
                PATH | {"action": "append"},
            ),
        ),
    ),
    "checkpoint": (
        Bilingual(
            "Ghi ngay một điểm kiểm tra của nhật ký vào tệp trong thư mục dữ liệu.",
            "Take a checkpoint of the audit events now, into a file of the data folder.",
        ),
        (),
    ),
}
"""The commands with their descriptions and arguments."""


def build(language: Language) -> argparse.ArgumentParser:
    """The parser of the command line, all of whose texts are in one language."""
    speak(language)
    parser = argparse.ArgumentParser(
        "tiendo", description=DESCRIPTION.text_in(language), allow_abbrev=False
    )
    words = LANGUAGE.text_in(language)
    parser.add_argument("--lang", choices=LANGUAGES, help=words)
    commands = parser.add_subparsers(
        dest="command",
        title=COMMANDS.text_in(language),
        metavar=COMMAND.text_in(language),
    )
    for name, (description, arguments) in ARGUMENTS.items():
        text = description.text_in(language)
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        for argument in arguments:
            argument.add_to(command, language)
        command.add_argument("--lang", choices=LANGUAGES, help=words, default=argparse.SUPPRESS)
    return parser
