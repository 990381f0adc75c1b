"""Text that PostgreSQL can store."""

import re

NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> bool:
    """Whether the text has no NUL and no lone surrogate, so that PostgreSQL can store it."""
    return not NOT_STORABLE.search(text)
