"""Who is notified, by which channels and rules: the SQL that notifications and reminders share.

The planner inlines functions in SQL; those in plpgsql keep the plans of their queries.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RECIPIENTS = """
-- The ids of the agencies on a path, the outermost first.
CREATE FUNCTION agency_ids(path text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN string_to_array(trim(BOTH '/' FROM path), '/')::bigint[];

-- The active accounts of each audience. `agency_id` is the reporting agency for reporters and
-- heads, and the district for coordinators and leadership.
CREATE VIEW recipient AS
SELECT 'reporter' AS audience, agency_id, id AS account_id
FROM account WHERE role = 'reporter' AND active
UNION ALL
SELECT viewing.audience, agency_id, id
FROM account CROSS JOIN (VALUES ('head'), ('leadership')) AS viewing (audience)
WHERE role = 'viewer' AND active
UNION ALL
SELECT 'coordinator', district.id, account.id
FROM account
JOIN agency ON agency.id = account.agency_id
JOIN agency AS district ON district.kind = 'district'
    AND district.id = ANY(agency_ids(agency.path))
WHERE account.role = 'coordinator' AND account.active;
"""

CHANNELS = """
-- The active webhooks that serve an agency: its own and those of the agencies above it.
CREATE FUNCTION webhooks_serving(agency_path text) RETURNS SETOF webhook
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT webhook.* FROM webhook
    WHERE webhook.active AND webhook.agency_id = ANY(agency_ids(webhooks_serving.agency_path));
$$;

-- How each account can be reached, and what it has chosen; no `preferred_channels`: no choice.
CREATE VIEW contact AS
SELECT account.id AS account_id, preference.channels AS preferred_channels,
    coalesce(preference.period_news, true) AS period_news,
    account.email IS NOT NULL AS has_email,
    EXISTS (SELECT FROM webhooks_serving(agency.path)) AS has_webhook
FROM account
LEFT JOIN agency ON agency.id = account.agency_id
LEFT JOIN notification_preference AS preference ON preference.account_id = account.id;

-- The channels by which an account is notified: the preferred ones, else the default ones. Where
-- one does not reach the account, `in_app` replaces it, so that every notification arrives.
CREATE FUNCTION effective_channels(c contact, default_channels text[]) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE ROWS 2
BEGIN ATOMIC
    SELECT DISTINCT CASE
        WHEN chosen.channel = 'email' AND NOT (c).has_email THEN 'in_app'
        WHEN chosen.channel = 'webhook' AND NOT (c).has_webhook THEN 'in_app'
        ELSE chosen.channel
    END
    FROM unnest(coalesce((c).preferred_channels, default_channels)) AS chosen (channel);
END;

-- A message of these quiet hours has to wait at this local time. They may span midnight; null or
-- equal bounds: no quiet hours.
CREATE FUNCTION is_quiet(local_time time, quiet_from time, quiet_until time) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(CASE
    WHEN quiet_from > quiet_until THEN local_time >= quiet_from OR local_time < quiet_until
    ELSE local_time >= quiet_from AND local_time < quiet_until
END, false);
"""

RULES = """
-- The active reminder rules of a schedule for an agency: its own, and those of the schedule that
-- it has not replaced under the same code.
CREATE FUNCTION rules_in_force(schedule_id bigint, agency_id bigint) RETURNS SETOF reminder_rule
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5 AS $$
    SELECT r.* FROM reminder_rule r
    WHERE r.schedule_id = rules_in_force.schedule_id AND r.active
    AND (r.agency_id = rules_in_force.agency_id OR r.agency_id IS NULL AND NOT EXISTS (
        SELECT FROM reminder_rule replacement
        WHERE replacement.schedule_id = r.schedule_id AND replacement.code = r.code
        AND replacement.agency_id = rules_in_force.agency_id
    ));
$$;
"""

LINES = """
-- A notification of one of these templates followed this one: planned or sent later, to the same
-- account by the same channel, about the same obligation or plan.
CREATE FUNCTION has_later(n notification, templates text[]) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM notification later
        WHERE later.obligation_id = n.obligation_id AND later.account_id = n.account_id
        AND later.channel = n.channel AND later.id > n.id
        AND later.state IN ('planned', 'sent') AND later.template = ANY(templates)
    ) OR EXISTS (
        SELECT FROM notification later
        WHERE later.plan_id = n.plan_id AND later.account_id = n.account_id
        AND later.channel = n.channel AND later.id > n.id
        AND later.state IN ('planned', 'sent') AND later.template = ANY(templates)
    );
END;
$$;

-- How many reports of a period that are due by a day are missing.
CREATE FUNCTION count_missing(of_period bigint, due_by date) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM owed_obligation o
        WHERE o.period_id = of_period AND o.due_date <= due_by
        AND o.first_submitted_at IS NULL AND o.exempted_at IS NULL
    );
END;
$$;

-- The agency has an account that can report, and so be reminded.
CREATE FUNCTION has_reporter(of_agency bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM account
        WHERE account.agency_id = of_agency AND account.role = 'reporter' AND account.active
    );
END;
$$;
"""

DROP = """
DROP FUNCTION has_reporter(bigint);
DROP FUNCTION count_missing(bigint, date);
DROP FUNCTION has_later(notification, text[]);
DROP FUNCTION rules_in_force(bigint, bigint);
DROP FUNCTION is_quiet(time, time, time);
DROP FUNCTION effective_channels(contact, text[]);
DROP VIEW contact;
DROP FUNCTION webhooks_serving(text);
DROP VIEW recipient;
DROP FUNCTION agency_ids(text);
"""


def upgrade() -> None:
    for sql in (RECIPIENTS, CHANNELS, RULES, LINES):
        _execute_script(sql)


def downgrade() -> None:
    _execute_script(DROP)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
