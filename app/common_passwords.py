"""Passwords that an attacker tries first."""

from collections.abc import Iterable

LEAST_GUESSES = 20_000
"""What the limits on sign-in let one address try in three weeks; more than any birthday needs."""
LONGEST_CHECKED = 72
"""Longer passwords take too long to examine, and are not common."""
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
    """Whether fewer than LEAST_GUESSES guesses reach the password.

    names: of the account, which an attacker knows.
    """
    from zxcvbn import zxcvbn  # noqa: PLC0415 - 0.1 s, and few requests set a password

    words = [*VIETNAMESE, *(name for name in names if name)]
    guesses = zxcvbn(password[:LONGEST_CHECKED], user_inputs=words)["guesses"]
    return bool(guesses < LEAST_GUESSES)
