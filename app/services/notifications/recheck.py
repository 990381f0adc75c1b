"""The lines of a message, checked again when it is sent, so that none is outdated."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.notifications.wording import (
    MessageLine,
    ObligationLine,
    name_field,
    period_name,
)
from app.text.names import official_name
from app.vocabulary import Audience, NotificationReason

# The lines of a message in the order in which their reports are due, each with the reason why it
# no longer holds; null where it does. An obligation that is not owed is that of an ended agency.
LIST_LINES = text("""
SELECT n.id, n.rule, n.audience, n.template, n.facts,
    coalesce(o.plan, plan.code) AS plan, coalesce(o.plan_title, plan.title) AS plan_title,
    o.period, o.frequency, o.ordinal, o.year, o.agency, o.agency_name, o.agency_kind,
    o.due_date,
    CASE WHEN o.due_date = o.period_due_date THEN schedule.due_text END AS due_text,
    timeliness(o, :now) AS timeliness, days_late(o, :now) AS days_late,
    days_left(o, :now) AS days_left, o.report_status, o.correction_due,
    CASE WHEN n.audience IN ('coordinator', 'leadership') AND n.template <> 'report.arrived'
        THEN count_missing(o.period_id, o.due_date) ELSE 0 END AS missing,
    n.audience IN ('coordinator', 'leadership') AND NOT has_reporter(o.agency_id) AS lacks_reporter,
    CASE WHEN n.template = 'report.returned' THEN (
        SELECT body FROM report JOIN revision v
            ON v.report_id = report.id AND v.number = report.last_revision
        WHERE report.id = o.report_id
    ) END AS body,
    CASE
        -- The recipient.
        WHEN NOT account.active THEN 'account_inactive'
        WHEN account.role <> CASE WHEN n.audience IN ('reporter', 'coordinator')
            THEN n.audience ELSE 'viewer' END THEN 'role_changed'
        WHEN n.obligation_id IS NOT NULL AND o.id IS NULL
            THEN 'agency_ended'
        WHEN NOT EXISTS (
            SELECT FROM recipient
            WHERE recipient.audience = n.audience AND recipient.account_id = n.account_id
            AND recipient.agency_id = CASE WHEN n.audience IN ('reporter', 'head')
                THEN o.agency_id ELSE coalesce(o.owner_id, plan.owner_id) END
        ) THEN 'agency_changed'
        -- Events.
        WHEN n.template = 'plan.import_failed' AND NOT plan.import_failed
            THEN 'plan_loaded'
        WHEN n.template IN ('obligation.extended', 'obligation.exemption_ended',
            'reporting_period.moved') AND o.exempted_at IS NOT NULL THEN 'agency_exempt'
        WHEN n.template = 'reporting_period.moved' AND o.first_submitted_at IS NOT NULL
            THEN 'report_submitted'
        WHEN n.template = 'obligation.exempted' AND o.exempted_at IS NULL
            THEN 'agency_not_exempt'
        WHEN n.template IN ('report.returned', 'report.reopened', 'report.correction_due')
            AND o.report_status <> 'returned' THEN 'report_resubmitted'
        WHEN n.template = 'report.correction_due' AND EXISTS (
            SELECT FROM decision WHERE decision.report_id = o.report_id
            AND decision.id > CAST(split_part(n.occurrence, '/', 2) AS bigint)
        ) THEN 'report_resubmitted'
        WHEN n.template = 'report.correction_due' AND o.correction_due IS DISTINCT FROM
            CAST(split_part(n.occurrence, '/', 1) AS date)
            THEN 'correction_moved'
        WHEN n.template = 'report.accepted' AND o.report_status <> 'accepted'
            THEN 'report_not_accepted'
        WHEN n.template = 'report.arrived' AND o.report_status <> 'submitted'
            THEN 'later_event'
        WHEN n.template = 'reporting_period.opened' AND o.period_state <> 'open'
            THEN 'period_closed'
        WHEN n.template = 'reporting_period.closed' AND is_open(o, :now)
            THEN 'period_open'
        -- Reminders. One by hand holds beside later ones, because its note is its own.
        WHEN n.template IN ('reminder', 'escalation', 'obligation.reminded') THEN CASE
            WHEN o.first_submitted_at IS NOT NULL
                AND NOT (n.template = 'obligation.reminded' AND o.report_status = 'returned')
                THEN 'report_submitted'
            WHEN o.exempted_at IS NOT NULL AND o.first_submitted_at IS NULL THEN 'agency_exempt'
            WHEN NOT is_open(o, :now) THEN 'period_closed'
            WHEN o.due_date > CAST(n.facts ->> 'due_date' AS date)
                THEN 'due_date_extended'
            WHEN n.template = 'obligation.reminded' THEN NULL
            WHEN NOT EXISTS (
                SELECT FROM rules_in_force(o.schedule_id, o.agency_id) AS rule
                WHERE rule.code = n.rule
            ) THEN 'rule_dropped'
            WHEN has_later(n, ARRAY['reminder', 'escalation']) THEN 'later_reminder'
        END
        WHEN has_later(n, ARRAY[CAST(n.template AS text)]) THEN 'later_event'
    END AS void
FROM notification n
JOIN account ON account.id = n.account_id
LEFT JOIN owed_obligation o ON o.id = n.obligation_id
LEFT JOIN schedule ON schedule.id = o.schedule_id
LEFT JOIN plan ON plan.id = n.plan_id
WHERE n.message_id = :message_id AND n.state = 'planned'
ORDER BY o.late_from, o.agency, n.id
""")


async def list_lines(
    session: AsyncSession, message_id: UUID, now: datetime
) -> tuple[list[MessageLine], dict[int, NotificationReason]]:
    """The lines of a message that hold, and why the other notifications, by id, do not."""
    rows = (await session.execute(LIST_LINES, {"message_id": message_id, "now": now})).all()
    void = {row.id: NotificationReason(row.void) for row in rows if row.void}
    return [_line_of(row) for row in rows if not row.void], void


def _line_of(row: Any) -> MessageLine:
    if row.period is None:
        return MessageLine(**_common_fields(row))
    return obligation_line_of(row)


def obligation_line_of(row: Any) -> ObligationLine:
    """The line of a row that has the columns of LIST_LINES and is about an obligation."""
    return ObligationLine(
        **_common_fields(row),
        period=row.period,
        period_name=period_name(row.frequency, row.ordinal, row.year),
        agency=row.agency,
        agency_name=row.agency_name,
        official_name=official_name(row.agency_name, row.agency_kind),
        due_date=row.due_date,
        due_text=row.due_text,
        timeliness=row.timeliness,
        days_late=row.days_late,
        days_left=row.days_left,
        report_status=row.report_status,
        correction_due=row.correction_due,
        missing=row.missing,
        lacks_reporter=row.lacks_reporter,
    )


def _common_fields(row: Any) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "audience": Audience(row.audience),
        "template": row.template,
        "facts": _facts(row),
        "plan": row.plan,
        "plan_title": row.plan_title,
    }


def _facts(row: Any) -> dict[str, Any]:
    """The facts of an event; comments name the fields of the revision that they are about."""
    facts: dict[str, Any] = row.facts or {}
    if row.body is None:
        return facts
    comments = [
        {"field": name_field(comment.get("pointer"), row.body), "text": comment["text"]}
        for comment in facts.get("comments", [])
    ]
    return facts | {"comments": comments}
