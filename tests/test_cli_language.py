"""The command line in Vietnamese and in English."""

import re

import pytest

from app.cli import parser
from app.cli.argparse_words import WORDS
from app.cli.commands import COMMANDS
from app.cli.language import chosen_language
from app.cli.main import main

ENGLISH = re.compile(r"\b(usage|options|arguments|error|show|required|expected|choose|the|of)\b")


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["tiendo", *arguments])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out + err


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "vi"),
        (["verify"], {"TIENDO_LANG": "en"}, "en"),
        (["--lang", "en", "verify"], {}, "en"),
        (["verify", "--lang=en"], {}, "en"),
        (["--lang", "vi"], {"TIENDO_LANG": "en"}, "vi"),
        (["--lang"], {}, "vi"),
        ([], {"TIENDO_LANG": "fr"}, "vi"),
    ],
)
def test_the_language_is_chosen_before_the_arguments_are_parsed(
    arguments: list[str], environment: dict[str, str], language: str
) -> None:
    assert chosen_language(arguments, environment) == language


def test_every_command_is_described() -> None:
    assert parser.ARGUMENTS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_has_no_word_of_the_other_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    code, text = run(capsys, monkeypatch, command, "--help")
    assert code == 0
    assert text.startswith("cách dùng: tiendo")
    assert ENGLISH.findall(text) == []
    code, text = run(capsys, monkeypatch, "--lang", "en", command, "--help")
    assert text.startswith("usage: tiendo")
    assert text.isascii()


@pytest.mark.parametrize(
    ("arguments", "vi", "en"),
    [
        (["dance"], "không có lựa chọn 'dance'", "invalid choice: 'dance'"),
        (["user"], "thiếu tham số bắt buộc: name", "the following arguments are required: name"),
        (["user", "x"], "cần --role cho tài khoản mới", "expected --role for a new account"),
        (["user", "x", "--role"], "cần một giá trị", "expected one argument"),
        (["worker", "--loud"], "không có tham số này: --loud", "unrecognized arguments: --loud"),
        (["worker", "--concurrency", "99"], "từ 1 đến 64", "from 1 to 64"),
        (["worker", "--concurrency", "x"], "từ 1 đến 64", "from 1 to 64"),
        (["messages", "--drop", "x"], "cần mã của thông báo", "expected the id of a message"),
        (["verify", "--lang", "fr"], "không có lựa chọn 'fr'", "invalid choice: 'fr'"),
    ],
)
def test_errors_of_usage_end_with_2(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    vi: str,
    en: str,
) -> None:
    code, text = run(capsys, monkeypatch, *arguments)
    assert (code, vi in text, "lỗi: " in text) == (2, True, True)
    monkeypatch.setenv("TIENDO_LANG", "en")
    if "--lang" not in arguments:
        code, text = run(capsys, monkeypatch, *arguments)
        assert (code, en in text, "error: " in text) == (2, True, True)


def test_without_a_command_the_help_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = run(capsys, monkeypatch)
    assert (code, "Kiểm tra những gì đã ghi" in text) == (2, True)


def test_a_wrong_setting_is_explained_in_both_languages(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIENDO_SMTP_URL", "ftp://x")
    code, text = run(capsys, monkeypatch, "verify")
    expected = "tiendo: TIENDO_SMTP_URL: cần dạng smtp://máy:cổng hoặc smtps://máy:cổng\n"
    assert (code, text) == (1, expected)
    monkeypatch.setenv("TIENDO_SMTP_URL", "")
    monkeypatch.setenv("TIENDO_PORT", "no")
    assert run(capsys, monkeypatch, "verify") == (1, "tiendo: TIENDO_PORT: Phải là số nguyên.\n")
    english = run(capsys, monkeypatch, "--lang", "en", "verify")
    assert english == (1, "tiendo: TIENDO_PORT: Expected an integer.\n")


def test_the_words_of_argparse_keep_their_placeholders() -> None:
    placeholder = re.compile(r"%\(\w+\)[rs]|%[rs]")
    for english, vietnamese in WORDS.items():
        assert set(placeholder.findall(vietnamese)) <= set(placeholder.findall(english))
