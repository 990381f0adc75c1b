"""The enumerations: what the database stores and the API answers is in them."""

import re
from pathlib import Path

from app.text import terms
from app.vocabulary import AuditAction, EventKind

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ("app", "seed", "migrations") for path in (ROOT / folder).rglob("*.py")
)
RECORDED_IN_SQL = re.compile(r"record_event\([^;]*?'([a-z_]+\.[a-z_]+)'")
SUBJECTS = "|".join({action.partition(".")[0] for action in AuditAction})
AN_ACTION = re.compile(rf"'((?:{SUBJECTS})\.[a-z_]+)'")


def test_every_action_that_sql_records_is_listed() -> None:
    """Python names actions by the enumeration, which the type checker ensures."""
    texts = [path.read_text("utf-8") for path in SOURCES]
    recorded = {name for text in texts for name in RECORDED_IN_SQL.findall(text)}
    assert {"report.draft_saved", "report.submitted", "report.sealed"} <= recorded
    assert recorded <= set(AuditAction)


def test_every_action_that_sql_asks_for_is_listed() -> None:
    named = {name for path in SOURCES for name in AN_ACTION.findall(path.read_text("utf-8"))}
    assert "plan.loaded" in named
    assert named <= {*AuditAction, *EventKind}


def test_every_action_has_a_label_of_its_own() -> None:
    assert set(terms.AUDIT_ACTION) == set(AuditAction)
    for texts in zip(*terms.AUDIT_ACTION.values(), strict=True):
        assert len(set(texts)) == len(texts)
