"""Request headers that routes read: entity tags, Accept, Accept-Language (RFC 9110).

werkzeug has parsers for these, but its `parse_etags` accepts unquoted tags, its
`LanguageAccept.best_match` answers `vi-VN, en;q=0.9` in English, and importing it takes 50 ms.
"""

import re
from collections.abc import Iterable, Iterator

from starlette.requests import Request

from app.text.writing import Language

_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def combined(request: Request, name: str) -> str | None:
    """All lines of a list header as one; None if the request has no such header."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def etag(version: int | str) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def matches_strongly(if_match: str, tag: str) -> bool:
    """Whether If-Match lists the tag, or is `*`. A weak tag on either side never matches."""
    return not tag.startswith("W/") and _lists(if_match, {tag})


def matches_weakly(if_none_match: str | None, tag: str) -> bool:
    """Whether If-None-Match lists the tag, or is `*`. Weak and strong tags are equal here."""
    opaque = tag.removeprefix("W/")
    return if_none_match is not None and _lists(if_none_match, {opaque, f"W/{opaque}"})


def _lists(header: str, tags: set[str]) -> bool:
    """Whether a well-formed list of entity tags contains one of `tags`."""
    if header.strip() == "*":
        return True
    is_well_formed = not _ENTITY_TAG.sub("", header).strip(" \t,")
    return is_well_formed and not tags.isdisjoint(_ENTITY_TAG.findall(header))


def preferred_media_type(request: Request, offered: Iterable[str]) -> str | None:
    """The offered media type that Accept weighs highest; None if it accepts none of them.

    The most specific range that covers a type sets its weight. Of equal weights, the range that
    the client lists first wins.
    """
    accept = combined(request, "Accept")
    ranges = list(_weighted("*/*" if accept is None else accept))
    names = [name for name, _ in ranges]

    def rank(media_type: str) -> tuple[float, int]:
        main_type = media_type.partition("/")[0]
        for name in (media_type, f"{main_type}/*", "*/*"):
            if name in names:
                position = names.index(name)
                return ranges[position][1], -position
        return 0.0, 0

    best = max(offered, key=rank)
    return best if rank(best)[0] > 0 else None


def preferred_language(request: Request) -> Language:
    """English if Accept-Language weighs it higher than Vietnamese, else Vietnamese."""
    header = combined(request, "Accept-Language")
    if header is None:
        return "vi"
    weights = {"vi": 0.0, "en": 0.0}
    for name, weight in _weighted(header):
        primary = name.partition("-")[0]
        if primary in weights:
            weights[primary] = max(weights[primary], weight)
    return "en" if weights["en"] > weights["vi"] else "vi"


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    """The values of a header in lower case, each with its weight `q`; other parameters ignored."""
    for item in header.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        yield name, _weight(quality)


def _weight(quality: str) -> float:
    """A weight from 0 to 1; 0 if it is not a number, which makes the value unacceptable."""
    try:
        weight = float(quality)
    except ValueError:
        return 0.0
    return min(weight, 1.0) if weight > 0 else 0.0  # NaN is not above 0
