"""Messages: what one person is told by one channel, looked at again at the moment it leaves.

So nothing goes out that is no longer true. The words are those of `wording`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.deadlines.sql import DAYS_LATE, DAYS_LEFT, TIMELINESS
from app.services.notifications.wording import Line, ObligationLine, period_name, place_of
from app.vocabulary import Audience, NotificationReason

LATER_REMINDER = NotificationReason.LATER_REMINDER

# The lines of a message in the order in which their reports are due, each with the reason why it
# no longer holds; null where it does. An obligation that is not owed is that of an ended agency.
LIST_LINES = text("""
SELECT n.id, n.rule, n.audience, n.template, n.facts,
    coalesce(o.plan, plan.code) AS plan, coalesce(o.plan_title, plan.title) AS plan_title,
    o.period, o.frequency, o.ordinal, o.year, o.agency, o.agency_name, o.due_date,
    timeliness(o, :now) AS timeliness, days_late(o, :now) AS days_late,
    days_left(o, :now) AS days_left, o.report_status, o.correction_due,
    CASE WHEN n.audience IN ('coordinator', 'leadership')
        THEN count_missing(o.period_id, o.due_date) ELSE 0 END AS missing,
    n.audience IN ('coordinator', 'leadership') AND NOT has_reporter(o.agency_id) AS has_nobody,
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
                THEN o.agency_id ELSE coalesce(o.district_id, plan.district_id) END
        ) THEN 'agency_changed'
        -- Events.
        WHEN n.template = 'plan.import_failed' AND NOT plan.import_failed
            THEN 'plan_loaded'
        WHEN n.template IN ('obligation.extended', 'obligation.exemption_ended')
            AND o.exempted_at IS NOT NULL THEN 'agency_exempt'
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
        WHEN n.template = 'reporting_period.opened' AND o.period_state <> 'open'
            THEN 'period_closed'
        WHEN n.template = 'reporting_period.closed' AND o.period_state <> 'closed'
            THEN 'period_open'
        -- Reminders. One by hand holds beside later ones, because its note is its own.
        WHEN n.template IN ('reminder', 'escalation', 'obligation.reminded') THEN CASE
            WHEN o.first_submitted_at IS NOT NULL
                AND NOT (n.template = 'obligation.reminded' AND o.report_status = 'returned')
                THEN 'report_submitted'
            WHEN o.exempted_at IS NOT NULL THEN 'agency_exempt'
            WHEN o.period_state <> 'open' THEN 'period_closed'
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
LEFT JOIN plan ON plan.id = n.plan_id
WHERE n.message_id = :message_id AND n.state = 'planned'
ORDER BY o.late_from, o.agency, n.id
""")


async def lines_of(
    session: AsyncSession, message_id: int, now: datetime
) -> tuple[list[Line], dict[int, NotificationReason]]:
    """What a message still has to say, and the notifications that no longer hold, with why."""
    rows = (await session.execute(LIST_LINES, {"message_id": message_id, "now": now})).all()
    void = {row.id: NotificationReason(row.void) for row in rows if row.void}
    return [_line_of(row) for row in rows if not row.void], void


def _line_of(row: Any) -> Line:
    return Line(**_common(row)) if row.period is None else obligation_line_of(row)


def _common(row: Any) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "audience": Audience(row.audience),
        "template": row.template,
        "facts": _facts(row),
        "plan": row.plan,
        "plan_title": row.plan_title,
    }


def obligation_line_of(row: Any) -> ObligationLine:
    """A row of LIST_LINES that is about an obligation."""
    return ObligationLine(
        **_common(row),
        period=row.period,
        period_name=period_name(row.frequency, row.ordinal, row.year),
        agency=row.agency,
        agency_name=row.agency_name,
        due_date=row.due_date,
        timeliness=row.timeliness,
        days_late=row.days_late,
        days_left=row.days_left,
        report_status=row.report_status,
        correction_due=row.correction_due,
        missing=row.missing,
        has_nobody=row.has_nobody,
    )


def _facts(row: Any) -> dict[str, Any]:
    facts: dict[str, Any] = row.facts or {}
    if row.body is None:
        return facts
    comments = [
        {"place": place_of(comment.get("pointer"), row.body), "text": comment["text"]}
        for comment in facts.get("comments", [])
    ]
    return facts | {"comments": comments}


# Transitional fragments, until reminders use the views.
IN_FORCE = """
    (r.active AND (r.agency_id = o.agency_id OR r.agency_id IS NULL AND NOT EXISTS (
        SELECT FROM reminder_rule own WHERE own.schedule_id = r.schedule_id
        AND own.code = r.code AND own.agency_id = o.agency_id
    )))
"""
"""In SQL: rule `r` holds for obligation `o`; an agency's own one stands in for the schedule's."""

ABOUT = f"""
    p.code AS period, p.frequency, p.ordinal, p.year, plan.code AS plan, plan.title AS plan_title,
    a.code AS agency, a.name AS agency_name, o.due_date, o.late_from,
    {TIMELINESS} AS timeliness, {DAYS_LATE} AS days_late, {DAYS_LEFT} AS days_left,
    coalesce(r.status, 'not_started') AS report_status, r.correction_due,
    CASE WHEN told.audience IN ('coordinator', 'leadership') THEN (
        SELECT count(*) FROM obligation other JOIN agency ON agency.id = other.agency_id
        WHERE other.period_id = p.id AND other.due_date <= o.due_date
        AND other.first_submitted_at IS NULL AND other.exempted_at IS NULL
        AND daterange(agency.valid_from, agency.valid_to, '[]') @> p.data_to
    ) ELSE 0 END AS missing,
    told.audience IN ('coordinator', 'leadership') AND NOT EXISTS (
        SELECT FROM account reporter
        WHERE reporter.agency_id = a.id AND reporter.role = 'reporter' AND reporter.active
    ) AS has_nobody
"""  # noqa: S608 - composed of constants
"""What a line says of an obligation, to an audience that is `told`."""
