"""Which e-mail addresses any server takes as they are."""

import re

_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"(?=[^@]{{1,64}}@){_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+(?=[A-Za-z]){_LABEL}")
MAX_LENGTH = 254
"""RFC 5321's longest path."""


def is_mailable(address: str) -> bool:
    """Whether it is a plain address: no comments, quotes or letters beyond ASCII.

    RFC 5322 allows more. But of a comment, mail programs make another address; and letters beyond
    ASCII are taken by few servers (RFC 6531), and never by those that do not say so.
    """
    return len(address) <= MAX_LENGTH and _PLAIN.fullmatch(address) is not None
