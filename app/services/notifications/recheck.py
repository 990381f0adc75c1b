"""Messages: what one person is told by one channel, looked at again at the moment it leaves.

So nothing goes out that is no longer true. The words are those of `wording`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.deadlines.sql import DAYS_LATE, DAYS_LEFT, STILL_OWES, TIMELINESS, instants
from app.services.notifications.wording import Line, ObligationLine, period_name, place_of
from app.vocabulary import Audience

LATER_REMINDER = "a later reminder says more"
LATER_EVENT = "a later event says more"
SUPERSEDING = (LATER_REMINDER, LATER_EVENT)
"""Why a notification gives way to another one, rather than being untrue."""

IN_FORCE = """
    (r.active AND (r.agency_id = o.agency_id OR r.agency_id IS NULL AND NOT EXISTS (
        SELECT FROM reminder_rule own WHERE own.schedule_id = r.schedule_id
        AND own.code = r.code AND own.agency_id = o.agency_id
    )))
"""
"""In SQL: rule `r` holds for obligation `o`; an agency's own one stands in for the schedule's."""

# What is said of the same to the same person later on; a note of somebody's own stays.
_LATER = """EXISTS (
    SELECT FROM notification later
    WHERE later.{of} = n.{of} AND later.account_id = n.account_id
    AND later.channel = n.channel AND later.id > n.id AND later.state IN ('planned', 'sent')
    AND {same})"""
_LATER_REMINDER = _LATER.format(
    of="obligation_id", same="later.template IN ('reminder', 'escalation')"
)
_LATER_EVENT = _LATER.format(of="obligation_id", same="later.template = n.template")
LATER_OF_PLAN = _LATER.format(of="plan_id", same="later.template = n.template")

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

# What a message would say, each line with whether it still holds and, if not, why.
LINES = text(f"""
    SELECT n.id, n.rule, n.audience, n.template, n.facts, {ABOUT},
        CASE WHEN n.template = 'report.returned' THEN (
            SELECT body FROM revision v WHERE v.report_id = r.id AND v.number = r.last_revision
        ) END AS body,
        CASE
            WHEN NOT account.active THEN 'the account is no longer active'
            WHEN account.role <> CASE
                WHEN n.audience IN ('reporter', 'coordinator') THEN n.audience
                ELSE 'viewer' END
                THEN 'the person has another role now'
            WHEN CASE n.audience
                WHEN 'leadership' THEN account.agency_id IS DISTINCT FROM plan.district_id
                WHEN 'coordinator' THEN desk.path NOT LIKE '%/' || plan.district_id || '/%'
                ELSE account.agency_id IS DISTINCT FROM o.agency_id END
                THEN 'the person has moved to another agency'
            WHEN n.plan_id IS NOT NULL THEN CASE
                WHEN NOT plan.import_failed THEN 'the plan was loaded since'
                WHEN {LATER_OF_PLAN} THEN '{LATER_EVENT}'
            END
            WHEN NOT {STILL_OWES} THEN 'the agency had ended before the period did'
            WHEN n.template = 'obligation.extended' AND o.exempted_at IS NOT NULL
                THEN 'the agency was exempted'
            WHEN n.template = 'obligation.exempted' AND o.exempted_at IS NULL
                THEN 'the agency is no longer exempt'
            WHEN n.template = 'obligation.exemption_ended' AND o.exempted_at IS NOT NULL
                THEN 'the agency was exempted'
            WHEN n.template IN ('report.returned', 'report.reopened', 'report.correction_due')
                AND r.status <> 'returned'
                THEN 'the report was sent again'
            WHEN n.template = 'report.correction_due' AND EXISTS (
                SELECT FROM decision WHERE decision.report_id = r.id
                AND decision.id > CAST(split_part(n.occurrence, '/', 2) AS bigint)
            ) THEN 'the report was sent again'
            WHEN n.template = 'report.correction_due' AND r.correction_due IS DISTINCT FROM
                CAST(split_part(n.occurrence, '/', 1) AS date)
                THEN 'the correction is due on another day'
            WHEN n.template = 'report.accepted' AND r.status <> 'accepted'
                THEN 'the report is no longer accepted'
            WHEN n.template = 'reporting_period.opened' AND p.state <> 'open'
                THEN 'the period is closed'
            WHEN n.template = 'reporting_period.closed' AND p.state <> 'closed'
                THEN 'the period is open'
            WHEN n.template IN ('reminder', 'escalation', 'obligation.reminded') THEN CASE
                WHEN o.first_submitted_at IS NOT NULL
                    AND NOT (n.template = 'obligation.reminded' AND r.status = 'returned')
                    THEN 'the report has come'
                WHEN o.exempted_at IS NOT NULL THEN 'the agency was exempted'
                WHEN p.state <> 'open' THEN 'the period is closed'
                WHEN o.due_date > CAST(n.facts ->> 'due_date' AS date)
                    THEN 'the due date was extended'
                WHEN n.template = 'obligation.reminded' THEN NULL
                WHEN NOT EXISTS (
                    SELECT FROM reminder_rule r WHERE r.schedule_id = p.schedule_id
                    AND r.code = n.rule AND {IN_FORCE}
                ) THEN 'the rule was dropped'
                WHEN {_LATER_REMINDER} THEN '{LATER_REMINDER}'
            END
            WHEN {_LATER_EVENT} THEN '{LATER_EVENT}'
        END AS void
    FROM notification n
    CROSS JOIN LATERAL (SELECT n.audience) AS told
    JOIN account ON account.id = n.account_id
    LEFT JOIN agency desk ON desk.id = account.agency_id
    LEFT JOIN obligation o ON o.id = n.obligation_id
    LEFT JOIN reporting_period p ON p.id = o.period_id
    JOIN plan ON plan.id = coalesce(p.plan_id, n.plan_id)
    LEFT JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    WHERE n.message_id = :message_id AND n.state = 'planned'
    ORDER BY o.late_from, a.code, n.id
""")  # noqa: S608 - composed of constants


async def lines_of(
    session: AsyncSession, message_id: int, now: datetime
) -> tuple[list[Line], dict[int, str]]:
    """What a message still has to say, and the notifications that no longer hold, with why."""
    rows = (await session.execute(LINES, {"message_id": message_id} | instants(now))).all()
    void = {row.id: row.void for row in rows if row.void}
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
    """A row of LINES that is about an obligation."""
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
