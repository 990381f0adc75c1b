"""Texts in two languages, with facts in their places."""

from collections.abc import Mapping
from string import Formatter
from typing import Any, NamedTuple

from app.text.writing import Language, format_value


class Bilingual(NamedTuple):
    """A text for people, in Vietnamese and in English.

    `{name}` stands for a fact, which may be bilingual itself; `{count:place|places}` counts in
    English; `{id!s}` is a name made of digits rather than a quantity.
    """

    vi: str
    en: str

    def fill(self, language: Language, facts: Mapping[str, Any]) -> str:
        """The text in `language` with the facts in their places."""
        return _Filling(language).vformat(self.text_in(language), (), facts)

    def filled(self, facts: Mapping[str, Any]) -> "Bilingual":
        """The text with the facts in their places, in both languages."""
        return Bilingual(self.fill("vi", facts), self.fill("en", facts))

    def text_in(self, language: Language) -> str:
        """The text in `language` as it stands."""
        return self.en if language == "en" else self.vi


class _Filling(Formatter):
    """Puts facts into a text, each as its language writes it."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Bilingual):
            return value.text_in(self.language)  # a finished text: braces in it are somebody's own
        text = format_value(value, self.language)
        if format_spec:
            one, many = format_spec.split("|")
            return f"{text} {one if value == 1 else many}"
        return text
