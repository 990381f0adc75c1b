"""The OpenAPI document in Vietnamese: its English texts, replaced by those of a catalogue.

The catalogue `vi.po` is keyed by paragraphs of the English text, so that the code has one source.
What every operation repeats is composed: its permission, and the titles of its problems.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from app.errors import Problem
from app.policy import Permission
from app.text import terms
from app.vocabulary import Role

CATALOGUE = Path(__file__).with_name("vi.po")
TEXTS = ("summary", "description")
"""The members of the document that are texts for people."""
NOT_TEXTS = frozenset({"example", "examples", "default", "x-labels", "enum"})
"""Members whose content is data."""

REQUIREMENT = re.compile(
    r"Requires the permission `(?P<permission>[^`]+)`: (?P<roles>[^;]+); (?P<keys>[^;]+)\."
)


def translate(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document in Vietnamese; a text that the catalogue lacks stays as it is."""
    return {
        name: translate_text(member)
        if name in TEXTS and isinstance(member, str)
        else _translate_member(name, member)
        for name, member in document.items()
    }


def _translate_member(name: str, member: Any) -> Any:
    if name in NOT_TEXTS:
        return member
    if isinstance(member, dict):
        return translate(member)
    if isinstance(member, list):
        return [translate(item) if isinstance(item, dict) else item for item in member]
    return member


def translate_text(text: str) -> str:
    """A text in Vietnamese, by paragraphs."""
    return "\n\n".join(find_translation(each) or each for each in text.split("\n\n"))


def find_translation(paragraph: str) -> str | None:
    """The paragraph in Vietnamese; None if there is none."""
    words = " ".join(paragraph.split())
    if requirement := REQUIREMENT.fullmatch(words):
        return _translate_requirement(requirement)
    titles = [_titles().get(title) for title in words.split("; ")]
    if None not in titles:
        return "; ".join(title for title in titles if title)
    return catalogue().get(words)


@cache
def catalogue() -> Mapping[str, str]:
    """The Vietnamese paragraphs, by the English ones."""
    with CATALOGUE.open("rb") as file:
        messages = read_po(file)
    return {str(each.id): str(each.string) for each in messages if each.id and each.string}


@cache
def _titles() -> Mapping[str, str]:
    """The titles of problems in Vietnamese, by the English ones."""
    return {problem.title.en: problem.title.vi for problem in _problems(Problem)}


def _problems(base: type[Problem]) -> Iterator[type[Problem]]:
    for problem in base.__subclasses__():
        yield problem
        yield from _problems(problem)


def _translate_requirement(requirement: re.Match[str]) -> str:
    """The sentence of `describe_access` about permission, roles and keys."""
    permission = Permission(requirement["permission"])
    roles = ", ".join(terms.ROLE[Role(role)].vi for role in requirement["roles"].split(", "))
    keys = (
        "không dùng khóa API"
        if requirement["keys"] == "no API keys"
        else requirement["keys"].replace("API keys", "khóa API").replace(" with ", " có quyền ")
    ).replace(" or ", " hoặc ")
    allowed = terms.OPERATION[permission].vi
    return f"Cần quyền {allowed} (`{permission}`): {roles}; {keys}."
