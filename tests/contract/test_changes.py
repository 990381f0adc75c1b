"""Which changes of the document break clients."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from contract.baseline import BASELINE, as_text, unnamed
from contract.changes import breaking_changes
from tests.support.operations import DOCUMENT

Change = Callable[[dict[str, Any]], Any]
SUBMIT = "/api/v1/reports/{period}/{agency}/submit"


def _schemas(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]


def _operation(document: dict[str, Any]) -> Any:
    return document["paths"][SUBMIT]["post"]


def _field(document: dict[str, Any], schema: str, name: str) -> Any:
    return _schemas(document)[schema]["properties"][name]


BREAKING: dict[str, tuple[Change, str]] = {
    "an operation is gone": (lambda d: d["paths"].pop(SUBMIT), "submit_report"),
    "an operation has another id": (
        lambda d: _operation(d).update(operationId="send_report"),
        "submit_report",
    ),
    "a parameter is gone": (
        lambda d: _operation(d)["parameters"].pop(2),
        "submit_report plan",
    ),
    "a parameter is needed": (
        lambda d: _operation(d)["parameters"][2].update(required=True),
        "submit_report plan",
    ),
    "keys are refused": (
        lambda d: _operation(d)["security"].pop(),
        "submit_report security",
    ),
    "a success status is gone": (
        lambda d: _operation(d)["responses"].pop("200"),
        "submit_report",
    ),
    "a request's field is gone": (
        lambda d: _schemas(d)["Return"]["properties"].pop("comments"),
        "Return.comments",
    ),
    "a request's field is needed": (
        lambda d: _schemas(d)["Return"]["required"].append("correction_due"),
        "Return.correction_due",
    ),
    "a request's value has a lower maximum": (
        lambda d: _field(d, "Return", "reason").update(maxLength=10),
        "Return.reason",
    ),
    "a request's choice is gone": (
        lambda d: _schemas(d)["BudgetSource"]["enum"].pop(),
        "BudgetSource",
    ),
    "a response's field is gone": (
        lambda d: _schemas(d)["ReportOut"]["properties"].pop("findings"),
        "ReportOut.findings",
    ),
    "a response's field may be absent": (
        lambda d: _schemas(d)["ReportOut"]["required"].remove("findings"),
        "ReportOut.findings",
    ),
    "a response's field may be null": (
        lambda d: _field(d, "ReportOut", "findings").update(
            anyOf=[dict(_field(d, "ReportOut", "findings")), {"type": "null"}]
        ),
        "ReportOut.findings",
    ),
}
HARMLESS: dict[str, Change] = {
    "nothing": lambda _: None,
    "a new optional field of a request": lambda d: _schemas(d)["Return"]["properties"].update(
        copy_to={"type": "string"}
    ),
    "a new field of a response": lambda d: _schemas(d)["ReportOut"]["properties"].update(
        shade={"type": "string"}
    ),
    "another text": lambda d: _operation(d).update(description="Other words."),
    "a higher maximum": lambda d: _field(d, "Return", "reason").update(maxLength=10_000),
    "an optional parameter": lambda d: _operation(d)["parameters"].append(
        {"name": "dry", "in": "query", "required": False, "schema": {"type": "boolean"}}
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_change_that_breaks_clients_is_named(name: str) -> None:
    change, expected = BREAKING[name]
    later = copy.deepcopy(DOCUMENT)
    change(later)
    assert breaking_changes(DOCUMENT, later) == [expected]


@pytest.mark.parametrize("name", HARMLESS)
def test_a_change_that_clients_ignore_is_none(name: str) -> None:
    later = copy.deepcopy(DOCUMENT)
    HARMLESS[name](later)
    assert breaking_changes(DOCUMENT, later) == []


def test_the_changelog_accepts_what_its_first_section_names() -> None:
    changelog = "# Changelog\n\n## Unreleased\n\n- `Return.reason` is shorter.\n\n## 1\n\n- `x`\n"
    assert unnamed(["Return.reason", "submit_report", "x"], changelog) == ["submit_report", "x"]


def test_the_committed_document_is_current() -> None:
    """`make openapi` rewrites it."""
    committed = BASELINE.read_text("utf-8")
    assert json.loads(committed) == DOCUMENT
    assert committed == as_text(DOCUMENT)
