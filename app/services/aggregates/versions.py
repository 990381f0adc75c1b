"""Versions of answers: an earlier one holds while nothing that it follows from has changed. Pure.

A version is a digest of the question and of the last changes of what it shows. One that depends on
the clock too has the instant up to which it holds after the digest: `<digest>.<instant>`.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version

from app.services.aggregates.scopes import AggregateQuery, Scope

PROGRAM = version("tiendo")
"""Another version of the program can give another answer."""


def digest_of(scope: Scope, query: AggregateQuery, *variant: object) -> str:
    """The digest of a question; `variant`: the kind of aggregate and its media type."""
    parts = [
        PROGRAM,
        [str(each) for each in variant],
        scope.root.id,
        scope.root.subtree,
        scope.period,
        query.basis,
        query.by,
        str(query.regroup),
        str(query.paging),
        str(query.as_of),
        # Equal to the last change, unless that is too recent to be settled in all plans.
        str(scope.as_of),
        [[each.id, each.ledger.figures_at.isoformat()] for each in scope.periods],
        str(scope.definitions_at),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def version_of(digest: str, held_until: datetime | None) -> str:
    """The version of an answer; held_until: when the clock changes it, if it does."""
    return digest if held_until is None else f"{digest}.{held_until.isoformat()}"


def find_held(digest: str, earlier: Iterable[str], now: datetime) -> str | None:
    """The version among those of a client that still holds; None if there is none."""
    for each in earlier:
        known, _, held_until = each.partition(".")
        if known == digest and (not held_until or now < _instant(held_until, now)):
            return each
    return None


def _instant(text: str, otherwise: datetime) -> datetime:
    """The instant with its zone that a text gives; `otherwise` if it gives none."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return instant if instant.tzinfo else otherwise
