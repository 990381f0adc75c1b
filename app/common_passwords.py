"""Passwords that an attacker tries first."""

import re
import unicodedata
from collections.abc import Iterable

LEAST_GUESSES = 20_000
"""About what the limits on sign-in let one address try in three weeks. A birthday needs fewer."""
LONGEST_CHECKED = 40
"""The rest of a longer password is not examined: the time grows faster than the length."""
VIETNAMESE = (
    "matkhau",
    "anhyeuem",
    "emyeuanh",
    "iloveyou",
    "khongbiet",
    "xinchao",
    "vietnam",
    "thanhhoa",
    "thoxuan",
    "tiendo",
    "baocao",
)
"""Words that the library's English lists lack; chosen by hand."""


def is_common(password: str, names: Iterable[str | None] = ()) -> bool:
    """Whether fewer than LEAST_GUESSES guesses reach the password, as it is or without diacritics.

    names: of the account, which an attacker knows.
    """
    from zxcvbn import zxcvbn  # noqa: PLC0415 - 0.1 s, and few requests set a password

    known = [name for name in names if name]
    words = [*VIETNAMESE, *known, *map(_fold, known)]
    forms = {form[:LONGEST_CHECKED] for form in (password, _fold(password)) if form}
    return any(zxcvbn(form, user_inputs=words)["guesses"] < LEAST_GUESSES for form in forms)


def _fold(text: str) -> str:
    """The text in lower case, without diacritics, spaces, hyphens and dots."""
    letters = unicodedata.normalize("NFD", text.lower()).replace("đ", "d")
    marks = (each for each in letters if not unicodedata.combining(each))
    return re.sub(r"[\s._-]", "", "".join(marks))
