"""Revisions and their figures, against the audit events of their submissions."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.reports.submission import fingerprint
from app.services.verification.findings import Finding, Progress, stream

# Each revision with its figures and the event of its submission; a missing part is null. `sealed`
# is what a migration recorded of revisions that are older than the fingerprints of events.
STREAM_REVISIONS = text("""
WITH revisions AS (
    SELECT l.id AS ledger_id, o.agency_id, p.code AS period, v.number,
        v.submitted_at, v.received_at, v.recorded_at, v.submitted_by, v.warnings_note,
        v.body::text AS body, v.fingerprint,
        (SELECT json_object_agg(i.code, json_build_array(e.value, e.estimate, e.actual_to,
                CASE WHEN e.compared THEN 'compared' END))
            FROM revision_entry e JOIN indicator i ON i.id = e.indicator_id
            WHERE e.revision_id = v.id)::text AS entries,
        (SELECT json_object_agg(concat_ws(' ', project.code, d.source, d.origin, d.nature),
                json_build_array(d.amount_vnd, d.estimate_year_end_vnd, d.estimate_settlement_vnd,
                CASE WHEN d.compared THEN 'compared' END))
            FROM revision_disbursement d JOIN project ON project.id = d.project_id
            WHERE d.revision_id = v.id)::text AS disbursements
    FROM revision v
    JOIN report r ON r.id = v.report_id
    JOIN obligation o ON o.id = r.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN ledger l ON l.plan_id = p.plan_id
), events AS (
    SELECT id, action, at, actor, after, ledger_id, agency_id,
        split_part(subject, '/', 2) AS period,
        CASE WHEN after ->> 'revision' ~ '^[0-9]{1,9}$' THEN (after ->> 'revision')::int END
            AS number
    FROM audit_event
), submissions AS MATERIALIZED (
    SELECT * FROM events WHERE action = 'report.submitted'
), seals AS MATERIALIZED (
    SELECT * FROM events WHERE action = 'report.sealed'
)
SELECT plan.code AS plan, agency.code AS agency, period, number,
    v.submitted_at, v.received_at, v.recorded_at, v.submitted_by, v.warnings_note, v.body,
    v.fingerprint, v.entries, v.disbursements,
    event.id AS event_id, event.at, event.actor, event.after::text AS event,
    sealed.after::text AS sealed
FROM revisions v
FULL JOIN submissions AS event USING (ledger_id, agency_id, period, number)
LEFT JOIN seals AS sealed USING (ledger_id, agency_id, period, number)
LEFT JOIN ledger ON ledger.id = ledger_id
LEFT JOIN (SELECT id, code FROM plan) AS plan ON plan.id = ledger.plan_id
LEFT JOIN agency ON agency.id = agency_id
ORDER BY plan.code, period, agency.code, number
""")

COMPARED = "compared"
"""The mark of a figure or an amount that is shown beside the sums."""


async def verify_revisions(session: AsyncSession, progress: Progress) -> AsyncIterator[Finding]:
    """Recompute every revision's fingerprint and figures, and compare it with its event."""
    async for row in stream(session, STREAM_REVISIONS, "revisions", progress):
        where = f"revision {row.number} of reports/{row.period}/{row.agency}, plan {row.plan}"
        if row.event_id is None:
            yield Finding("audit event of its submission", where, "one", None)
        if row.body is None:
            yield Finding("row of the revision", where, "one", None)
        else:
            for finding in _compare(row, where):
                yield finding


def _compare(row: Row[Any], where: str) -> Iterator[Finding]:
    body = json.loads(row.body)
    actual = fingerprint(body)
    if row.fingerprint != actual:
        yield Finding("fingerprint of its body", where, row.fingerprint, actual)
    event: dict[str, Any] = {} if row.event_id is None else json.loads(row.event)
    if row.event_id is not None:
        yield from _compare_event(row, event, actual, where)
    stored = json.loads(row.entries or "{}", parse_float=Decimal, parse_int=Decimal)
    figures = {code: tuple(values) for code, values in stored.items()}
    yield from _differences("stored figure of", _entries(body, event), figures, where)
    amounts = {key: tuple(values) for key, values in json.loads(row.disbursements or "{}").items()}
    yield from _differences("stored disbursement of", _disbursements(body, event), amounts, where)


def _compare_event(
    row: Row[Any], event: dict[str, Any], actual: str, where: str
) -> Iterator[Finding]:
    """What the event of the submission, and that of the migration, say of the revision."""
    recorded = (json.loads(row.sealed) if row.sealed else {}) | event
    if (expected := recorded.get("fingerprint")) != actual:
        yield Finding("fingerprint in its audit event", where, expected, actual)
    for name in ("submitted_at", "received_at"):
        if (instant := _instant(recorded.get(name))) != getattr(row, name):
            yield Finding(name, where, instant, getattr(row, name))
    if row.recorded_at != row.at:
        yield Finding("recorded_at", where, row.at, row.recorded_at)
    if row.submitted_by != row.actor:
        yield Finding("submitted_by", where, row.actor, row.submitted_by)
    if row.warnings_note != (note := recorded.get("warnings_note")):
        yield Finding("warnings_note", where, note, row.warnings_note)


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _entries(
    body: Mapping[str, Any], event: Mapping[str, Any]
) -> dict[str, tuple[Decimal | str | None, ...]]:
    """Value, estimate, the day of the value, and whether it is compared, by the indicator's code.

    The body does not say which figures are compared; the event of the submission does.
    """
    compared = event.get("compared", ())
    return {
        entry["indicator"]: (
            _decimal(entry["value"]),
            _decimal(entry.get("estimate")),
            entry.get("actual_to"),
            COMPARED if entry["indicator"] in compared else None,
        )
        for entry in body["entries"]
    }


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _disbursements(
    body: Mapping[str, Any], event: Mapping[str, Any]
) -> dict[str, tuple[int | str | None, ...]]:
    """Amounts in VND with their estimates and whether they are compared, by the money's columns."""
    compared = COMPARED if event.get("money_only") else None
    return {
        " ".join(filter(None, map(item.get, ("project", "source", "origin", "nature")))): (
            item["amount_vnd"],
            item.get("estimate_year_end_vnd"),
            item.get("estimate_settlement_vnd"),
            compared,
        )
        for item in body["disbursements"]
    }


def _differences(
    what: str, expected: Mapping[str, Any], stored: Mapping[str, Any], where: str
) -> Iterator[Finding]:
    for code in sorted(expected.keys() | stored.keys()):
        if expected.get(code) != stored.get(code):
            values = (_plain(side.get(code)) for side in (expected, stored))
            yield Finding(f"{what} {code}", where, *values)


def _plain(value: Any) -> Any:
    """A figure or an amount as text; what belongs to it follows."""
    if isinstance(value, tuple):
        return " / ".join(str(part) for part in value if part is not None)
    return value
