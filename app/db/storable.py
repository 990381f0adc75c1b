"""Which texts PostgreSQL can store."""

import re

NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> bool:
    """Whether PostgreSQL takes the text and UTF-8 can carry it."""
    return not NOT_STORABLE.search(text)
