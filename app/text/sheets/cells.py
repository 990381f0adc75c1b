"""Text in cells: without characters that XML forbids, and never a formula."""

import re
from typing import Any

NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
FORMULA_STARTS = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
"""Also the full-width signs, which some spreadsheets read as the plain ones."""


def clean(text: str) -> str:
    """The text without characters that XML forbids."""
    return NOT_IN_XML.sub("", text)


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet that is given the text without a type reads it as a formula."""
    return text.startswith(FORMULA_STARTS)


def escaped(value: Any) -> Any:
    """A value for CSV, which has no types: a text that looks like a formula gets an apostrophe.

    A list of codes becomes one text.
    """
    if isinstance(value, list):
        return " ".join(value)
    if not isinstance(value, str):
        return value
    text = clean(value)
    return "'" + text if looks_like_formula(text) else text
