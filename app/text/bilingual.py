"""Texts in Vietnamese and English, with placeholders."""

from collections.abc import Mapping
from string import Formatter
from typing import Any, NamedTuple

from app.text.writing import Language, format_value


class Bilingual(NamedTuple):
    """A text in Vietnamese and English.

    `{name}` is replaced by a fact, which may itself be bilingual. `{count:place|places}` adds the
    English singular or plural. `{id!s}` is inserted as it is, not formatted as a number.
    """

    vi: str
    en: str

    def fill(self, language: Language, facts: Mapping[str, Any]) -> str:
        """The text in `language`, with its placeholders filled in."""
        return _Filling(language).vformat(self.text_in(language), (), facts)

    def filled(self, facts: Mapping[str, Any]) -> "Bilingual":
        """Both texts with their placeholders filled in."""
        return Bilingual(self.fill("vi", facts), self.fill("en", facts))

    def text_in(self, language: Language) -> str:
        """The text in `language`, with its placeholders."""
        return self.en if language == "en" else self.vi


class _Filling(Formatter):
    """Fills in placeholders; formats facts for the language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Bilingual):
            return value.text_in(self.language)  # already filled in: its braces are data
        text = format_value(value, self.language)
        if format_spec:
            one, many = format_spec.split("|")
            return f"{text} {one if value == 1 else many}"
        return text
