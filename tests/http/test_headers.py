"""Entity tags, Accept and Accept-Language, as RFC 9110 defines them."""

import pytest
from starlette.requests import Request

from app.http.headers import (
    combined,
    etag,
    lists_tag,
    preferred_language,
    preferred_media_type,
)

OFFERED = ("application/json", "text/csv")


def request_with(name: str, *lines: str) -> Request:
    headers = [(name.lower().encode(), line.encode("latin-1")) for line in lines]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("header", "is_listed"),
    [
        ("*", True),
        (" * ", True),
        ('"1"', True),
        ('W/"1"', True),  # nginx
        ('"1-gzip"', True),  # Apache httpd, Caddy
        ('"1-br"', True),
        ('"1-zstd"', True),
        ('W/"1-gzip"', True),
        ('"1-zip"', False),
        ('"1-gzip-gzip"', False),
        ('"-gzip"', False),
        ('w/"1"', False),
        ('"2", W/"3" ,, "1"', True),
        ('"2"', False),
        ('W/"2"', False),
        ("1", False),
        ('"2", 3, "1"', False),
        ('"2" *', False),
        ("", False),
        (None, False),
    ],
)
def test_a_tag_is_compared_without_the_marks_of_compression(
    header: str | None, is_listed: bool
) -> None:
    assert lists_tag(header, etag(1)) is is_listed
    assert lists_tag(header, 'W/"1"') is is_listed


def test_lines_of_a_list_header_are_combined() -> None:
    assert combined(request_with("If-Match", '"1"', '"2"'), "If-Match") == '"1", "2"'
    assert combined(request_with("If-Match"), "If-Match") is None


@pytest.mark.parametrize(
    ("accept", "preferred"),
    [
        ("*/*", "application/json"),
        ("text/csv, application/json", "text/csv"),
        ("Text/CSV;q=0.5, application/json;q=0.4", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/*;q=0.9, */*;q=0.8", "text/csv"),
        ("text/csv;charset=utf-8;q=0.2, application/*;q=0.1", "text/csv"),
        ("text/csv;q=much, application/json;q=nan", None),
        ("image/png", None),
    ],
)
def test_accept_chooses_the_highest_weight(accept: str, preferred: str | None) -> None:
    assert preferred_media_type(request_with("Accept", accept), OFFERED) == preferred


def test_without_accept_the_first_format_is_chosen() -> None:
    assert preferred_media_type(request_with("Accept"), OFFERED) == "application/json"


@pytest.mark.parametrize(
    ("accept_language", "preferred"),
    [
        ("", "vi"),
        ("en", "en"),
        ("en-GB;q=0.8, fr", "en"),
        ("vi-VN, en;q=0.9", "vi"),
        ("en, vi", "vi"),
        ("vi;q=0.4, EN;q=0.5", "en"),
        ("*", "vi"),
        ("en;q=0, fr", "vi"),
    ],
)
def test_english_needs_a_higher_weight_than_vietnamese(
    accept_language: str, preferred: str
) -> None:
    assert preferred_language(request_with("Accept-Language", accept_language)) == preferred
