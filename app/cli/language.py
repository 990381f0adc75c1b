"""The language of the command line: Vietnamese, or English on request."""

from collections.abc import Mapping, Sequence
from typing import get_args

from app.text.writing import Language

VARIABLE = "TIENDO_LANG"
LANGUAGES: tuple[Language, ...] = get_args(Language)


def chosen_language(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language of `--lang`, else of `TIENDO_LANG`, else Vietnamese.

    It is read before the arguments are parsed, because errors in them need it.
    """
    named = environment.get(VARIABLE, "")
    for position, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--lang":
            named = value or "".join(arguments[position + 1 : position + 2])
    return "en" if named == "en" else "vi"
