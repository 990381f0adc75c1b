"""Which e-mail addresses the service accepts."""

import re

_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"(?=[^@]{{1,64}}@){_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+(?=[A-Za-z]){_LABEL}")
MAX_LENGTH = 254
"""Limit of RFC 5321."""


def is_mailable(address: str) -> bool:
    """Whether the address is plain: no comments, quoted strings or non-ASCII characters.

    RFC 5322 allows more. But mail programs drop comments, which changes the address, and only
    servers that announce SMTPUTF8 (RFC 6531) accept non-ASCII addresses.
    """
    return len(address) <= MAX_LENGTH and _PLAIN.fullmatch(address) is not None
