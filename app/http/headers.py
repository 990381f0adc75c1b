"""Headers: entity tags, Accept, Accept-Language (RFC 9110), the rehearsal clock.

werkzeug has parsers for these, but its `parse_etags` accepts unquoted tags, its
`LanguageAccept.best_match` answers `vi-VN, en;q=0.9` in English, and importing it takes 50 ms.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from starlette.requests import Request

from app.clock import Clock
from app.text.writing import Language

_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_TRANSPORT_MARKS = re.compile(r'^W/|-(?:gzip|br|zstd|deflate)(?="$)')
"""What proxies that compress add to a tag: `W/` (nginx), a suffix (Apache httpd, Caddy)."""

REVALIDATION = {"Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key"}
"""The headers of a response that its client may keep, and revalidates by the ETag."""


def rehearsal_clock(clock: Clock) -> dict[str, str]:
    """The header that tells a client the time of a rehearsal; none outside of one."""
    if not clock.is_rehearsal:
        return {}
    return {"X-Rehearsal-Clock": clock.now().isoformat(timespec="seconds")}


def combined(request: Request, name: str) -> str | None:
    """All lines of a list header as one; None if the request has no such header."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def etag(version: int | str) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def location(request: Request, code: str | int) -> str:
    """The path of a resource that a POST to its collection has created."""
    return f"{request.url.path}/{quote(str(code), safe='')}"


def lists_tag(header: str | None, tag: str) -> bool:
    """Whether If-Match or If-None-Match lists the tag, or is `*`; False without the header.

    A tag names a version of the data, whatever the bytes in which it was sent. So both headers
    compare without the marks of a proxy that compressed the response (decision 18). RFC 9110 asks
    for a strong comparison in If-Match, with which no client behind such a proxy could save.
    """
    if is_any(header):
        return True
    return _unmarked(tag) in (etag(version) for version in listed_versions(header))


def is_any(header: str | None) -> bool:
    """Whether If-Match or If-None-Match is `*`."""
    return header is not None and header.strip() == "*"


def listed_versions(header: str | None) -> list[str]:
    """The versions whose tags If-Match or If-None-Match lists; none if it is malformed."""
    if header is None or _ENTITY_TAG.sub("", header).strip(" \t,"):
        return []
    return [_unmarked(tag)[1:-1] for tag in _ENTITY_TAG.findall(header)]


def _unmarked(tag: str) -> str:
    return _TRANSPORT_MARKS.sub("", tag)


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


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether Accept-Encoding gives gzip, or any coding, a weight above 0."""
    if accept_encoding is None:
        return False
    weights = dict(_weighted(accept_encoding))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


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
