"""Aggregates as CSV with codes, for machines."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from app.text.sheets import compared
from app.text.sheets.cells import escaped

CONTEXT_FIELDS = (
    "plan",
    "programme",
    "plans",
    "period",
    "agency",
    "basis",
    "as_of",
    "by",
    "without_plan",
)
COVERAGE_FIELDS = (
    "expected",
    "submitted",
    "accepted",
    "on_time",
    "late",
    "exempt",
    "missing_count",
    "missing_compared",
)


def write(aggregate: Mapping[str, Any]) -> bytes:
    """The rows as CSV, each with the context and the coverage of the aggregate.

    UTF-8 with a byte order mark, because Excel does not recognise UTF-8 otherwise.
    """
    context = context_of(aggregate)
    context["missing"] = " ".join(aggregate["coverage"]["missing"])
    # A row's own `agency` would overwrite that of the subtree.
    rows = [
        context | {"row_" + k if k in context else k: _cell(k, v) for k, v in row.items()}
        for row in aggregate["rows"]
    ] or [context]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rows[0])
    writer.writerows([escaped(value) for value in row.values()] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _cell(name: str, value: Any) -> Any:
    return compared.for_machines(value) if name == "compared" else value


def context_of(aggregate: Mapping[str, Any]) -> dict[str, Any]:
    """The context and the coverage of an aggregate; lists of codes as one text."""
    facts = {name: aggregate[name] for name in CONTEXT_FIELDS if name in aggregate}
    coverage = aggregate["coverage"]
    facts |= {name: coverage[name] for name in COVERAGE_FIELDS if name in coverage}
    return {
        name: " ".join(value) if isinstance(value, list) else value for name, value in facts.items()
    }
