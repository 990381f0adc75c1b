"""The Vietnamese page for operators has commands, settings and messages that exist."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VIETNAMESE = (ROOT / "docs/vi/van-hanh.md").read_text("utf-8")
ENGLISH = (ROOT / "docs/operations.md").read_text("utf-8")
SOURCES = "".join(
    path.read_text("utf-8")
    for folder in ("app/server", "app/db", "app/cli")
    for path in sorted((ROOT / folder).glob("*.py"))
) + (ROOT / "app/settings.py").read_text("utf-8")


def commands(text: str) -> set[str]:
    return set(re.findall(r"(?:^|`|bin/|-- )(tiendo [a-z]+)", text, re.MULTILINE))


def options(text: str) -> set[str]:
    lines = [line for line in text.splitlines() if "tiendo" in line]
    return {option for line in lines for option in re.findall(r"--[a-z-]{3,}", line)}


def settings(text: str) -> set[str]:
    return set(re.findall(r"TIENDO_[A-Z_]+", text))


@pytest.mark.parametrize("named_in", [commands, options, settings])
def test_it_names_only_what_the_english_page_names(named_in: Callable[[str], set[str]]) -> None:
    assert named_in(VIETNAMESE) - named_in(ENGLISH) == set()
    assert named_in(VIETNAMESE)


def test_it_shows_every_command_that_an_operator_needs() -> None:
    needed = {"serve", "user", "seed", "backup", "restore", "messages", "verify"}
    assert {f"tiendo {name}" for name in needed} <= commands(VIETNAMESE)


def test_its_messages_are_those_of_the_program() -> None:
    table = VIETNAMESE.split("| thông báo | cách xử lý |")[1]
    program = re.sub(r'"\s*f?"', "", SOURCES)  # join adjacent literals
    for row in re.findall(r"^\| `+(.+?)`+ \|", table, re.MULTILINE):
        for part in row.split("…"):
            words = part.strip(" `")
            assert words in program or words.startswith("."), row


def test_shell_blocks_of_both_pages_agree() -> None:
    """A command that both pages have is the same in both, but for comments."""

    def lines(text: str) -> set[str]:
        blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        return {
            re.sub(r"\s*#.*", "", line).strip() for block in blocks for line in block.split("\n")
        }

    own = {
        "tiendo user xuan-hong --reset",
        "systemctl status tiendo",
        "curl -s http://127.0.0.1:8000/health/ready",
        "df -h /var/lib/tiendo",
        "tiendo messages --drop MÃ",
    }
    assert lines(VIETNAMESE) - lines(ENGLISH) == own
