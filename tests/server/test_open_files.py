"""The limit of open files that the connections need."""

import resource

import pytest

from app.server.open_files import OpenFilesError, allow_connections
from app.settings import Settings

NEEDED = 1000 + 2 * 10 + 100


@pytest.mark.parametrize(
    ("soft", "hard", "raised_to"),
    [
        (1024, 4096, NEEDED),
        (NEEDED, NEEDED, None),
        (1024, resource.RLIM_INFINITY, NEEDED),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None),
    ],
)
def test_the_limit_is_raised_where_it_is_too_low(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised_to: int | None
) -> None:
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: limits.append(pair))
    allow_connections(Settings())
    assert limits == ([] if raised_to is None else [(raised_to, hard)])


def test_a_limit_that_cannot_be_raised_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1024))
    with pytest.raises(OpenFilesError, match=r"needs 1120 open files.* to 904$"):
        allow_connections(Settings())
