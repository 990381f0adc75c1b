"""The SQL statements of the sweep and of its preview.

Both build on functions made by migrations: `due_reminders` and `due_corrections`.
"""

from sqlalchemy import text

# The due dates near enough for any rule to have an occurrence today, by schedule. An offset counts
# working days in the widest case: weekends at most double it, and Tết adds two weeks.
LIST_DUE_DATES = text("""
WITH reach AS MATERIALIZED (
    SELECT 14 + CAST(:stale_days AS int)
        + 2 * max(abs(offset_days) + coalesce(repeat_days * repeat_times, 0)) AS days
    FROM reminder_rule WHERE active
)
SELECT DISTINCT p.schedule_id, plan.owner_id, o.due_date
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN plan ON plan.id = p.plan_id
CROSS JOIN reach
WHERE o.first_submitted_at IS NULL AND o.exempted_at IS NULL
AND (p.state = 'open' OR o.due_date > p.due_date OR o.reopened)
AND o.due_date BETWEEN CAST(:today AS date) - reach.days AND CAST(:today AS date) + reach.days
""")

# The obligations whose correction is due and of which some reporter has not been reminded. After
# the due date no reminder is sent on a Saturday or Sunday.
LIST_CORRECTIONS = text("""
SELECT DISTINCT obligation_id, occurrence FROM due_corrections(:today, :oldest)
WHERE extract(isodow FROM CAST(:today AS date)) < 6 OR occurrence NOT LIKE '%/overdue'
ORDER BY obligation_id
""")

# The planner expects few rows where there are hundreds of thousands: make it join by hash.
JOIN_BY_HASH = text("""
SELECT set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true)
""")

# Create the notifications of due reminders, and one message for each account, channel and time to
# carry them.
# pending: without a notification yet, or with one that was skipped over ten minutes ago for a
#   reason that may have passed (a revoked exemption, a period opened again).
# notified: the last reminder of each audience. A renamed rule or an added channel repeats nothing.
# identified, carried: the ids of messages. A window function gives all notifications of a message
#   its id; joining them with the inserted messages would be slower.
CREATE_NOTIFICATIONS = text("""
WITH pending AS (
    SELECT due.* FROM (
        SELECT * FROM due_reminders(:rule_ids, :due_dates, :numbers, :send_ats, :not_befores)
        ORDER BY account_id, channel
    ) AS due
    WHERE NOT EXISTS (
        SELECT FROM notification n
        WHERE (n.obligation_id, n.rule, n.occurrence, n.account_id, n.channel)
            = (due.obligation_id, due.rule, due.occurrence, due.account_id, due.channel)
        AND (n.state <> 'skipped'
            OR n.created_at > CAST(:now AS timestamptz) - interval '10 minutes')
    )
), notified AS MATERIALIZED (
    SELECT obligation_id, account_id, audience, max(planned_for) AS last_at
    FROM notification
    WHERE template IN ('reminder', 'escalation') AND state IN ('planned', 'sent')
    AND planned_for > CAST(:now AS timestamptz) - interval '15 days'
    GROUP BY 1, 2, 3
), judged AS (
    SELECT pending.*, last_at,
        recency = 1 AND coalesce(last_at < send_at, true) AS is_planned
    FROM pending LEFT JOIN notified USING (obligation_id, account_id, audience)
), identified AS (
    SELECT judged.*, CASE WHEN is_planned THEN new_message_id() END AS id
    FROM (SELECT * FROM judged ORDER BY account_id, channel) AS judged
), carried AS MATERIALIZED (
    SELECT identified.*, first_value(id) OVER (
        PARTITION BY account_id, channel, not_before, quiet_from, quiet_until
        ORDER BY is_planned DESC, id
    ) AS message_id
    FROM identified
), created_message AS (
    INSERT INTO message
        (id, account_id, channel, state, created_at, not_before, quiet_from, quiet_until)
    SELECT DISTINCT message_id, account_id, channel, 'waiting', CAST(:now AS timestamptz),
        not_before, quiet_from, quiet_until
    FROM carried WHERE is_planned ORDER BY message_id
    RETURNING id
), created_notification AS (
    INSERT INTO notification AS n (obligation_id, rule, occurrence, account_id, channel,
        audience, template, facts, planned_for, created_at, state, why, message_id)
    SELECT obligation_id, rule, occurrence, account_id, channel, audience, template,
        jsonb_build_object('due_date', due_date), send_at, :now,
        CASE WHEN is_planned THEN 'planned' ELSE 'superseded' END,
        CASE WHEN is_planned THEN 'due'
            WHEN recency = 1 AND last_at = send_at THEN 'already_notified'
            ELSE 'later_reminder' END,
        CASE WHEN is_planned THEN message_id END
    FROM carried
    ORDER BY account_id, channel, obligation_id, send_at, rule
    ON CONFLICT ON CONSTRAINT notification_once DO UPDATE SET (facts, planned_for, created_at,
        state, why, message_id) = (excluded.facts, excluded.planned_for, excluded.created_at,
        excluded.state, excluded.why, excluded.message_id)
    WHERE n.state = 'skipped'
    RETURNING state
)
SELECT count(*) FILTER (WHERE state = 'planned') AS planned,
    count(*) FILTER (WHERE state = 'superseded') AS superseded,
    (SELECT count(*) FROM created_message) AS messages
FROM created_notification
""")

# What the messages of a day would say, a row for each line; corrections have messages of their own.
LIST_PREVIEW_LINES = text("""
WITH line AS (
    SELECT obligation_id, rule, audience, template, account_id, channel, send_at
    FROM due_reminders(:rule_ids, :due_dates, :numbers, :send_ats, :not_befores)
    WHERE recency = 1
    UNION ALL
    SELECT due.obligation_id, 'report.correction_due', 'reporter', 'report.correction_due',
        due.account_id, channel, CAST(:corrections_at AS timestamptz)
    FROM due_corrections(:today, :oldest) AS due
    JOIN contact ON contact.account_id = due.account_id
    CROSS JOIN LATERAL effective_channels(contact, CAST(:channels AS text[])) AS channel
    WHERE extract(isodow FROM CAST(:today AS date)) < 6 OR due.occurrence NOT LIKE '%/overdue'
)
SELECT line.rule, line.audience, line.template, line.channel, line.send_at,
    account.username, account.full_name, account.email,
    NULL AS facts, NULL AS body,
    o.period, o.frequency, o.ordinal, o.year, o.plan, o.plan_title, o.agency, o.agency_name,
    o.agency_kind, o.due_date,
    CASE WHEN o.due_date = o.period_due_date THEN schedule.due_text END AS due_text,
    timeliness(o, :now) AS timeliness, days_late(o, :now) AS days_late,
    days_left(o, :now) AS days_left, o.report_status, o.correction_due,
    CASE WHEN line.audience IN ('coordinator', 'leadership')
        THEN count_missing(o.period_id, o.due_date) ELSE 0 END AS missing,
    line.audience IN ('coordinator', 'leadership') AND NOT has_reporter(o.agency_id)
        AS lacks_reporter
FROM line
JOIN account ON account.id = line.account_id
JOIN owed_obligation o ON o.id = line.obligation_id
JOIN schedule ON schedule.id = o.schedule_id
WHERE within_reach(o.agency_path, :reach)
ORDER BY line.template = 'report.correction_due', account.username, line.channel, o.late_from,
    o.agency
""")
