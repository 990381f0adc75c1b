"""Drafting: the working copy of a report is saved.

A draft changes nothing that an aggregate or an `as_of` can see. Only a person's first save of a
draft records an audit event, which locks the ledger for this statement; later saves do not.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.db.driver import Connection, Statement
from app.errors import FieldError, Stale, StateConflict, ValidationFailed
from app.services.audit.action import Action
from app.services.audit.changes import VersionCheck
from app.services.periods.obligations import ReportKey
from app.services.reports import form, validation, working_copy
from app.services.reports.findings import findings_json, findings_of
from app.services.reports.nil import check_sections, filled
from app.services.reports.patching import EMPTY, check_patch, patched
from app.services.reports.working_copy import (
    ATTEMPTS,
    Progress,
    ReportAnswer,
    WorkingCopy,
    instant_json,
)
from app.text.bilingual import Bilingual
from app.text.writing import Language
from app.vocabulary import ReportStatus

NO_DRAFT = Bilingual("Chưa có bản nháp.", "There is no draft.")
NOT_YOUR_DRAFT = Bilingual(
    "Bản nháp kỳ {period} do đơn vị khác lưu, nên không sửa từng số liệu được.",
    "The draft for {period} was saved by another agency, so its single figures cannot be changed.",
)

# Save a draft if the version that was read is still the current one (0: no report yet) and the
# period takes reports; no row otherwise. Record who begins a draft.
SAVE_DRAFT = Statement("""
WITH owed AS MATERIALIZED (
    SELECT o.id FROM obligation o JOIN reporting_period p ON p.id = o.period_id
    WHERE o.id = :obligation_id
    AND (CAST(:on_paper AS boolean) OR sending_is_open(
        p.state, :status, o.due_date, p.due_date, o.late_from, o.reopened, :now))
    FOR NO KEY UPDATE OF o FOR SHARE OF p
), saved AS (
    INSERT INTO report AS r (obligation_id, status, draft, draft_saved_at, draft_saved_by,
        draft_agency_id, draft_writers)
    SELECT owed.id, :status, CAST(:draft AS jsonb), CAST(:now AS timestamptz),
        CAST(:actor AS text), CAST(:writing_agency_id AS bigint), ARRAY[CAST(:actor AS text)]
    FROM owed
    ON CONFLICT (obligation_id) DO UPDATE SET
        status = excluded.status, draft = excluded.draft,
        draft_saved_at = excluded.draft_saved_at, draft_saved_by = excluded.draft_saved_by,
        draft_agency_id = excluded.draft_agency_id, version = r.version + 1,
        draft_writers = CASE WHEN CAST(:actor AS text) = ANY(r.draft_writers) THEN r.draft_writers
            ELSE r.draft_writers || CAST(:actor AS text) END
    WHERE r.version = :version
    RETURNING draft::text AS draft
), event AS MATERIALIZED (
    SELECT record_event(:plan_id, :now, :actor, 'report.draft_saved', :subject, :agency_id,
        :origin, CAST(:before AS jsonb), CAST(:after AS jsonb))
    FROM saved WHERE CAST(:begins AS boolean)
)
SELECT saved.draft, (SELECT count(*) FROM event) AS events FROM saved
""")


Compose = Callable[[WorkingCopy], Mapping[str, Any]]
"""Gives the new body of a draft, or raises what refuses the change."""


async def save(
    connection: Connection,
    action: Action,
    key: ReportKey,
    body: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    """Save a draft over the version that its writer has read.

    Raises:
        NotFound: no such obligation within reach.
        AmbiguousPlan: several plans have one, and none was named.
        PreconditionRequired: the version that was read is not named.
        Stale: another version was saved meanwhile.
        StateConflict: the report was submitted, or none is due, or the period is closed.
        ValidationFailed: unknown, foreign or repeated figures.
    """

    def compose(copy: WorkingCopy) -> Mapping[str, Any]:
        if errors := validation.check_draft(body, copy.expectations):
            raise ValidationFailed(errors)
        return body

    return await _save(connection, action, key, compose, check_version, language)


async def change(
    connection: Connection,
    action: Action,
    key: ReportKey,
    patch: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    """Change single figures of the draft; without one, begin it.

    Lines that the patch does not name stay, also those that the plan does not know any more.

    Raises as `save`, and:
        StateConflict: the principal may not read the draft, so it cannot change a part of it.
    """

    def compose(copy: WorkingCopy) -> Mapping[str, Any]:
        draft = readable_draft(copy)
        if errors := check_patch(draft, patch, copy.expectations):
            raise ValidationFailed(errors)
        return patched(draft, patch, copy.expectations)

    return await _save(connection, action, key, compose, check_version, language)


async def answer_nil(
    connection: Connection,
    action: Action,
    key: ReportKey,
    sections: Sequence[str] | None,
    *,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    """Fill sections in which nothing happened; None is all of the report. What was typed stays.

    Raises as `change`, and:
        ValidationFailed: a section is unknown or not the agency's.
    """
    asked = await form.get(connection, action.principal, key)
    chosen = asked.sections if sections is None else sections

    def compose(copy: WorkingCopy) -> Mapping[str, Any]:
        known = copy.expectations.known_projects
        errors = check_sections(chosen, copy.expectations.projects, known, "/sections")
        if found := list(errors):
            raise ValidationFailed(found)
        return filled(
            readable_draft(copy),
            chosen,
            asked.last_figures,
            asked.last_amounts,
            with_common=sections is None,
        )

    return await _save(connection, action, key, compose, check_version, language)


async def check(
    connection: Connection, action: Action, key: ReportKey, body: Mapping[str, Any] | None
) -> Sequence[FieldError]:
    """What submitting would find in a body, or in the draft where it is None. Saves nothing.

    Raises:
        NotFound: no such obligation within reach.
        AmbiguousPlan: several plans have one, and none was named.
        StateConflict: there is no draft that the principal may read.
    """
    copy = await working_copy.get(connection, action, key)
    if body is None:
        if not copy.is_editable:
            raise StateConflict(NO_DRAFT)
        body = readable_draft(copy)
    return findings_of(body, copy.expectations)


def readable_draft(copy: WorkingCopy) -> Mapping[str, Any]:
    """The draft, or an empty body before its first save.

    Raises:
        StateConflict: the principal may not read it.
    """
    if copy.is_draft_hidden:
        raise StateConflict(NOT_YOUR_DRAFT, period=copy.row["period"])
    return copy.draft or EMPTY


async def _save(
    connection: Connection,
    action: Action,
    key: ReportKey,
    compose: Compose,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    for _ in range(ATTEMPTS):
        # 1. Read the report, and check that this version of it may be changed.
        copy = await working_copy.get(connection, action, key)
        check_version(copy.version)
        copy.ensure_editable(action.principal)
        body = compose(copy)
        # 2. Save, unless another change came between.
        parameters = _parameters(action, copy, body)
        if (saved := await SAVE_DRAFT.fetch_one(connection, parameters)) is None:
            continue
        # 3. Build the response without another query.
        return copy.answer(
            action.now,
            Progress(
                parameters["status"], copy.row["first_submitted_at"], copy.row["correction_due"]
            ),
            draft=saved["draft"],
            draft_saved_at=json.dumps(instant_json(action.now)),
            draft_saved_by=json.dumps(action.actor, ensure_ascii=False),
            findings=findings_json(findings_of(body, copy.expectations), language),
        )
    raise Stale


def _parameters(action: Action, copy: WorkingCopy, body: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of SAVE_DRAFT."""
    status = ReportStatus.DRAFT if copy.status is ReportStatus.NOT_STARTED else copy.status
    return {
        "plan_id": copy.row["plan_id"],
        "agency_id": copy.row["agency_id"],
        "obligation_id": copy.row["id"],
        "version": copy.version,
        "status": status,
        "on_paper": copy.is_paper_entry(action.principal),
        "draft": json.dumps(body, ensure_ascii=False),
        "begins": action.actor not in (copy.row["draft_writers"] or ()),
        "subject": copy.subject,
        "before": json.dumps({"status": copy.status}),
        "after": json.dumps({"status": status}),
        "now": action.now,
        "actor": action.actor,
        "writing_agency_id": action.principal.agency_id,
        "origin": action.origin,
    }
