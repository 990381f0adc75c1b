"""Rules that several statements share become views and functions; state leaves the audit trail.

The functions are inlined by the planner: their bodies are single expressions or selects.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

VISIBILITY = """
-- An agency's reports may be read by who has this reach; `reach` is a LIKE pattern over paths.
CREATE FUNCTION within_reach(path text, reach text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN path LIKE reach;

-- Reference data of agencies at, below or above the horizon, a path, may be read.
CREATE FUNCTION within_horizon(path text, horizon text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN path LIKE horizon || '%' OR horizon LIKE path || '%';

-- The agency exists on a day; `valid_from` and `valid_to` are its first and last day.
CREATE FUNCTION exists_on(agency agency, day date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN daterange((agency).valid_from, (agency).valid_to, '[]') @> day;

-- For each agency the path of the nearest district at or above it; its own path where none is.
CREATE VIEW agency_area AS
SELECT agency.id AS agency_id, agency.path AS agency_path, coalesce((
    SELECT district.path FROM agency AS district
    WHERE district.kind = 'district'
    AND district.id = ANY(string_to_array(trim(BOTH '/' FROM agency.path), '/')::bigint[])
    ORDER BY length(district.path) DESC LIMIT 1
), agency.path) AS area_path
FROM agency;
"""

OBLIGATIONS = """
-- Obligations with their period, plan, agency and report. An agency that ended before the period
-- did owes nothing for it; a report that it has sent stays. `agency_existed` tells them apart: a
-- code addresses the agency that had it on the period's last day.
CREATE VIEW owed_obligation AS
SELECT o.id, o.period_id, o.agency_id, o.due_date, o.late_from, o.first_submitted_at,
    o.exempted_at,
    p.plan_id, p.schedule_id, p.code AS period, p.year, p.frequency, p.ordinal, p.data_from,
    p.data_to, p.state AS period_state, p.due_date AS period_due_date,
    p.version AS period_version,
    plan.code AS plan, plan.title AS plan_title, plan.district_id, plan.due_soon_days,
    a.code AS agency, a.name AS agency_name, a.kind AS agency_kind, a.path AS agency_path,
    exists_on(a, p.data_to) AS agency_existed,
    r.id AS report_id, coalesce(r.status, 'not_started') AS report_status,
    coalesce(r.version, 0) AS report_version, r.correction_due
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN plan ON plan.id = p.plan_id
JOIN agency a ON a.id = o.agency_id
LEFT JOIN report r ON r.obligation_id = o.id
WHERE exists_on(a, p.data_to) OR o.first_submitted_at IS NOT NULL;

-- Timeliness at an instant. The rule is app.services.deadlines.rules; a test compares both.
CREATE FUNCTION timeliness(o owed_obligation, now timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN (o).first_submitted_at < (o).late_from THEN 'on_time'
    WHEN (o).first_submitted_at >= (o).late_from THEN 'late'
    WHEN (o).exempted_at IS NOT NULL THEN 'exempt'
    WHEN (o).late_from <= now THEN 'overdue'
    WHEN (o).late_from <= (now::date + (o).due_soon_days + 1)::timestamptz THEN 'due_soon'
    ELSE 'upcoming'
END;

-- Calendar days begun since the first late instant; 0 when nothing is late.
CREATE FUNCTION days_late(o owed_obligation, now timestamptz) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE timeliness(o, now)
    WHEN 'late' THEN (o).first_submitted_at::date - (o).late_from::date + 1
    WHEN 'overdue' THEN now::date - (o).late_from::date + 1
    ELSE 0
END;

-- Days from today to the last day on time; null once it is past, and when none is awaited.
CREATE FUNCTION days_left(o owed_obligation, now timestamptz) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN timeliness(o, now) IN ('upcoming', 'due_soon')
    THEN ((o).late_from - interval '1 microsecond')::date - now::date END;

-- The fields that an obligation has in every answer.
CREATE FUNCTION obligation_json(o owed_obligation, now timestamptz) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'plan', (o).plan, 'period', (o).period, 'agency', (o).agency, 'agency_name', (o).agency_name,
    'due_date', (o).due_date, 'late_from', (o).late_from, 'timeliness', timeliness(o, now),
    'days_late', days_late(o, now), 'days_left', days_left(o, now),
    'first_submitted_at', (o).first_submitted_at, 'report_status', (o).report_status,
    'extended', (o).due_date > (o).period_due_date, 'correction_due', (o).correction_due
);
"""

EXPECTED_FIGURES = """
-- The figures that each agency may give in each of its periods: one of the indicator's selectors
-- names the agency, and it has a part in the project. A lead agency has to give them.
CREATE VIEW expected_figure AS
SELECT o.id AS obligation_id, i.id AS indicator_id, i.code AS indicator, j.code AS project,
    i.name, i.unit, i.kind, i.decimals, i.maximum, i.note, i.position,
    (i.project_id IS NULL OR s.role = 'lead') AS required
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN agency a ON a.id = o.agency_id
JOIN indicator i ON i.plan_id = p.plan_id AND p.frequency = ANY(i.frequencies)
LEFT JOIN project j ON j.id = i.project_id
LEFT JOIN assignment s ON s.project_id = i.project_id AND s.agency_id = a.id
WHERE (i.project_id IS NULL OR s.role IS NOT NULL)
AND (
    ('communes' = ANY(i.filled_by) AND a.kind IN ('commune', 'township'))
    OR ('leads' = ANY(i.filled_by) AND a.kind NOT IN ('commune', 'township') AND s.role = 'lead')
    OR a.code = ANY(i.filled_by)
);
"""

REPORTS = """
-- The fields of a revision in every answer.
CREATE FUNCTION revision_json(v revision) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN json_build_object(
    'number', (v).number, 'submitted_at', (v).submitted_at, 'received_at', (v).received_at,
    'submitted_by', (v).submitted_by, 'warnings_note', (v).warnings_note,
    'body', (v).body, 'fingerprint', (v).fingerprint
);

-- What follows is plpgsql, which keeps the plans of its queries from call to call.

-- The figures that an obligation expects, in the order of the catalogue.
CREATE FUNCTION expected_json(of_obligation bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_build_object(
            'project', e.project, 'indicator', e.indicator, 'name', e.name, 'unit', e.unit,
            'kind', e.kind, 'required', e.required, 'note', e.note
        ) ORDER BY e.position), '[]')
        FROM expected_figure e WHERE e.obligation_id = of_obligation
    );
END;
$$;

-- The decisions on a report's revisions, the oldest first.
CREATE FUNCTION decisions_json(of_report bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_build_object(
            'action', d.action, 'revision', v.number, 'reason', d.reason,
            'comments', d.comments, 'correction_due', d.correction_due,
            'decided_by', d.decided_by, 'at', d.recorded_at
        ) ORDER BY d.id), '[]')
        FROM decision d JOIN revision v ON v.id = d.revision_id WHERE d.report_id = of_report
    );
END;
$$;

-- What a body of an obligation's report is validated against:
-- figures: the figures that it may give; projects: ids of the projects that the agency has a part
-- in; known_…: every code of the plan; allocated: the plan's money in VND; spent_before: what the
-- agency had reported as spent in the year's periods that closed earlier; quarters: the sums of a
-- flow over the quarters that make up a longer period, where all of them were sent.
CREATE FUNCTION expectations_json(of_obligation bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        WITH owed AS MATERIALIZED (
            SELECT o.id, o.agency_id, p.id AS period_id, p.plan_id, p.frequency, p.ordinal,
                p.year, p.data_to
            FROM obligation o JOIN reporting_period p ON p.id = o.period_id
            WHERE o.id = of_obligation
        ), earlier AS MATERIALIZED (
            SELECT DISTINCT ON (p.id) p.frequency, p.data_to, v.id AS revision_id
            FROM owed
            JOIN reporting_period p ON p.plan_id = owed.plan_id AND p.year = owed.year
                AND p.id <> owed.period_id AND p.data_to <= owed.data_to
            JOIN obligation o ON o.period_id = p.id AND o.agency_id = owed.agency_id
            JOIN report r ON r.obligation_id = o.id
            JOIN revision v ON v.report_id = r.id
            ORDER BY p.id, v.number DESC
        ), quarters AS (
            SELECT revision_id, count(*) OVER () AS sent FROM earlier WHERE frequency = 'quarter'
        )
        SELECT json_build_object(
            'figures', (
                SELECT coalesce(json_agg(json_build_object(
                    'indicator_id', e.indicator_id, 'indicator', e.indicator,
                    'project', e.project, 'name', e.name, 'kind', e.kind, 'unit', e.unit,
                    'decimals', e.decimals, 'maximum', e.maximum::text, 'required', e.required,
                    'note', e.note
                ) ORDER BY e.position), '[]')
                FROM expected_figure e WHERE e.obligation_id = owed.id),
            'projects', (
                SELECT coalesce(json_object_agg(j.code, j.id), '{}')
                FROM assignment s JOIN project j ON j.id = s.project_id
                WHERE s.agency_id = owed.agency_id AND j.plan_id = owed.plan_id),
            'known_indicators', (SELECT coalesce(json_agg(code), '[]') FROM indicator
                WHERE plan_id = owed.plan_id),
            'known_projects', (SELECT coalesce(json_agg(code), '[]') FROM project
                WHERE plan_id = owed.plan_id),
            'allocated', (
                SELECT coalesce(json_agg(json_build_array(code, source, origin, total)), '[]')
                FROM (
                    SELECT j.code, b.source, b.origin, sum(b.amount_vnd) AS total
                    FROM budget_line b JOIN project j ON j.id = b.project_id
                    WHERE j.plan_id = owed.plan_id GROUP BY 1, 2, 3
                ) AS money),
            'spent_before', (
                SELECT coalesce(json_agg(json_build_array(code, source, origin, most)), '[]')
                FROM (
                    SELECT j.code, d.source, d.origin, max(d.amount_vnd) AS most
                    FROM earlier
                    JOIN revision_disbursement d ON d.revision_id = earlier.revision_id
                    JOIN project j ON j.id = d.project_id
                    WHERE earlier.data_to < owed.data_to GROUP BY 1, 2, 3
                ) AS money),
            'quarters', (
                SELECT coalesce(json_agg(json_build_array(code, total::text)), '[]')
                FROM (
                    SELECT i.code, sum(e.value) AS total
                    FROM quarters q JOIN revision_entry e ON e.revision_id = q.revision_id
                    JOIN indicator i ON i.id = e.indicator_id
                    WHERE i.kind = 'flow' AND 'quarter' = ANY(i.frequencies)
                    AND owed.frequency <> 'quarter'
                    AND q.sent
                        = CASE owed.frequency WHEN 'half_year' THEN 2 * owed.ordinal ELSE 4 END
                    GROUP BY 1
                ) AS flow)
        )
        FROM owed
    );
END;
$$;
"""

REPORTS_AS_OF = """
CREATE TYPE report_as_of AS (
    obligation_id bigint, agency_id bigint, agency text, agency_name text,
    received_at timestamptz, submitted boolean, exempt boolean,
    due_date date, late_from timestamptz, accepted_id bigint, last_id bigint
);

-- The reports of a period within a subtree (a LIKE pattern over paths) as they stood at an
-- instant. Reads only rows that are appended, so that the answer never changes.
CREATE FUNCTION reports_as_of(period_id bigint, subtree text, as_of timestamptz)
RETURNS SETOF report_as_of
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
    SELECT o.id, a.id, a.code, a.name, first.received_at, first.number IS NOT NULL,
        coalesce(exempt.exempt, false) AND first.number IS NULL,
        coalesce(extended.due_date, p.due_date),
        greatest(p.late_from, coalesce(extended.late_from, p.late_from)),
        accepted.revision_id, last.id
    FROM reporting_period p
    JOIN obligation o ON o.period_id = p.id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    LEFT JOIN LATERAL (
        SELECT number, received_at FROM revision v
        WHERE v.report_id = r.id AND v.recorded_at <= reports_as_of.as_of
        ORDER BY v.recorded_at LIMIT 1
    ) AS first ON true
    LEFT JOIN LATERAL (
        SELECT v.id FROM revision v
        WHERE v.report_id = r.id AND v.recorded_at <= reports_as_of.as_of
        ORDER BY v.recorded_at DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT d.revision_id FROM decision d
        WHERE d.report_id = r.id AND d.action = 'accepted'
        AND d.recorded_at <= reports_as_of.as_of
        ORDER BY d.recorded_at DESC LIMIT 1
    ) AS accepted ON true
    LEFT JOIN LATERAL (
        SELECT e.exempt FROM exemption e
        WHERE e.obligation_id = o.id AND e.recorded_at <= reports_as_of.as_of
        ORDER BY e.recorded_at DESC LIMIT 1
    ) AS exempt ON true
    LEFT JOIN LATERAL (
        SELECT x.due_date, x.late_from FROM extension x
        WHERE x.obligation_id = o.id AND x.recorded_at <= reports_as_of.as_of
        ORDER BY x.recorded_at DESC LIMIT 1
    ) AS extended ON true
    WHERE p.id = reports_as_of.period_id AND within_reach(a.path, reports_as_of.subtree)
    AND (o.added_at IS NULL OR o.added_at <= reports_as_of.as_of)
    AND (first.number IS NOT NULL OR exists_on(a, p.data_to));
END;

-- The coverage of an aggregate: agencies expected, submitted, accepted, missing.
CREATE FUNCTION coverage(reports report_as_of[]) RETURNS json
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT json_build_object(
        'expected', count(*) FILTER (WHERE NOT exempt),
        'submitted', count(*) FILTER (WHERE submitted),
        'accepted', count(*) FILTER (WHERE accepted_id IS NOT NULL),
        'on_time', count(*) FILTER (WHERE received_at < late_from),
        'late', count(*) FILTER (WHERE received_at >= late_from),
        'exempt', count(*) FILTER (WHERE exempt),
        'missing', coalesce(json_agg(agency ORDER BY agency)
            FILTER (WHERE NOT submitted AND NOT exempt), '[]'),
        'missing_agencies', coalesce(json_agg(
            json_build_object('agency', agency, 'agency_name', agency_name) ORDER BY agency)
            FILTER (WHERE NOT submitted AND NOT exempt), '[]')
    ) FROM unnest(reports));
END;
$$;
"""

AUDIT = """
-- The hash of an audit event, over its content and the hash of the event before.
CREATE FUNCTION event_hash(previous bytea, at timestamptz, actor text, action text, subject text,
    agency_id bigint, origin text, before jsonb, after jsonb) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(previous || convert_to(concat_ws(
    chr(31), extract(epoch FROM at), actor, action, subject, coalesce(agency_id::text, ''),
    coalesce(origin, ''), coalesce(before::text, ''), coalesce(after::text, '')
), 'UTF8'));

-- Append an event to the ledger of a plan (null: of no plan), and lock that until the commit.
-- Returns the event's instant: `now`, or just after the ledger's last one. A draft that begins
-- changes no aggregate, so it leaves `figures_at`.
CREATE FUNCTION record_event(of_plan bigint, now timestamptz, actor text, action text,
    subject text, agency_id bigint, origin text, before jsonb, after jsonb) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    entry ledger;
BEGIN
    UPDATE ledger SET
        last_at = greatest(now, last_at + interval '1 microsecond'),
        last_hash = event_hash(last_hash, greatest(now, last_at + interval '1 microsecond'),
            actor, action, subject, agency_id, origin, before, after),
        figures_at = CASE WHEN action = 'report.draft_saved' THEN figures_at
            ELSE greatest(now, last_at + interval '1 microsecond') END
    WHERE ledger.plan_id = of_plan OR (of_plan IS NULL AND ledger.plan_id IS NULL)
    RETURNING * INTO STRICT entry;
    INSERT INTO audit_event
        (ledger_id, at, actor, action, subject, agency_id, origin, before, after, hash)
    VALUES (entry.id, entry.last_at, actor, action, subject, agency_id, origin, before, after,
        entry.last_hash);
    RETURN entry.last_at;
END;
$$;
"""

# Until now these were read from audit events.
FILL_COLUMNS = """
UPDATE plan SET effective_from = coalesce(
    (SELECT least(
        (SELECT max(issued_on) FROM legal_document d WHERE d.plan_id = plan.id),
        (SELECT (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date FROM audit_event e
            JOIN ledger ON ledger.id = e.ledger_id WHERE ledger.plan_id = plan.id
            ORDER BY e.id LIMIT 1))),
    CURRENT_DATE
);
UPDATE plan SET import_failed = coalesce((
    SELECT e.action = 'plan.import_failed' FROM audit_event e
    JOIN ledger ON ledger.id = e.ledger_id
    WHERE ledger.plan_id = plan.id AND e.action IN ('plan.loaded', 'plan.import_failed')
    ORDER BY e.id DESC LIMIT 1
), false);
INSERT INTO due_soon_history (plan_id, due_soon_days, valid_until)
SELECT plan.id, CAST(e.before ->> 'due_soon_days' AS int), e.at
FROM audit_event e JOIN plan ON e.subject = 'plans/' || plan.code
WHERE e.action = 'plan.changed' AND e.before ->> 'due_soon_days' IS NOT NULL;
"""

DROP = """
DROP FUNCTION record_event(bigint, timestamptz, text, text, text, bigint, text, jsonb, jsonb);
DROP FUNCTION event_hash(bytea, timestamptz, text, text, text, bigint, text, jsonb, jsonb);
DROP FUNCTION coverage(report_as_of[]);
DROP FUNCTION reports_as_of(bigint, text, timestamptz);
DROP TYPE report_as_of;
DROP FUNCTION expectations_json(bigint);
DROP FUNCTION decisions_json(bigint);
DROP FUNCTION expected_json(bigint);
DROP FUNCTION revision_json(revision);
DROP VIEW expected_figure;
DROP FUNCTION obligation_json(owed_obligation, timestamptz);
DROP FUNCTION days_left(owed_obligation, timestamptz);
DROP FUNCTION days_late(owed_obligation, timestamptz);
DROP FUNCTION timeliness(owed_obligation, timestamptz);
DROP VIEW owed_obligation;
DROP VIEW agency_area;
DROP FUNCTION exists_on(agency, date);
DROP FUNCTION within_horizon(text, text);
DROP FUNCTION within_reach(text, text);
"""


def upgrade() -> None:
    op.add_column("plan", sa.Column("effective_from", sa.Date()))
    op.add_column(
        "plan", sa.Column("import_failed", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column("ledger", sa.Column("figures_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE ledger SET figures_at = last_at")
    op.alter_column("ledger", "figures_at", nullable=False)
    op.create_table(
        "due_soon_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("due_soon_days", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="due_soon_history_plan_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="due_soon_history_pkey"),
    )
    op.create_index("due_soon_history_plan_idx", "due_soon_history", ["plan_id", "valid_until"])
    _execute_script(FILL_COLUMNS)
    op.alter_column("plan", "effective_from", nullable=False)
    for sql in (VISIBILITY, OBLIGATIONS, EXPECTED_FIGURES, REPORTS, REPORTS_AS_OF, AUDIT):
        _execute_script(sql)


def downgrade() -> None:
    _execute_script(DROP)
    op.drop_table("due_soon_history")
    op.drop_column("ledger", "figures_at")
    op.drop_column("plan", "import_failed")
    op.drop_column("plan", "effective_from")


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
