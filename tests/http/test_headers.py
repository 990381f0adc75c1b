"""Entity tags, Accept and Accept-Language, as RFC 9110 defines them."""

import pytest
from starlette.requests import Request

from app.http.headers import (
    combined,
    etag,
    matches_strongly,
    matches_weakly,
    preferred_language,
    preferred_media_type,
)

OFFERED = ("application/json", "text/csv")


def request_with(name: str, *lines: str) -> Request:
    headers = [(name.lower().encode(), line.encode("latin-1")) for line in lines]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("header", "strongly", "weakly"),
    [
        ("*", True, True),
        (" * ", True, True),
        ('"1"', True, True),
        ('W/"1"', False, True),
        ('w/"1"', False, False),
        ('"2", W/"3" ,, "1"', True, True),
        ('"2"', False, False),
        ("1", False, False),
        ('"2", 3, "1"', False, False),
        ('"2" *', False, False),
        ("", False, False),
    ],
)
def test_if_match_compares_strongly_and_if_none_match_weakly(
    header: str, strongly: bool, weakly: bool
) -> None:
    assert matches_strongly(header, etag(1)) is strongly
    assert matches_weakly(header, etag(1)) is weakly


def test_a_weak_tag_of_ours_matches_only_weakly() -> None:
    assert matches_weakly('"1"', 'W/"1"')
    assert matches_weakly('W/"1"', 'W/"1"')
    assert not matches_strongly('W/"1"', 'W/"1"')


def test_without_if_none_match_nothing_matches() -> None:
    assert not matches_weakly(None, etag(1))


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
