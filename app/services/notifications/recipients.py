"""Who sits at which desk, and by which way a message reaches them: SQL that others are built of."""

# Reporters and heads at the agency, the others at the district.
RECIPIENT = """
recipient AS MATERIALIZED (
    SELECT 'reporter' AS audience, agency_id, id AS account_id FROM account
    WHERE role = 'reporter' AND active
    UNION ALL
    SELECT audience, agency_id, id FROM account, (VALUES ('head'), ('leadership')) AS v (audience)
    WHERE role = 'viewer' AND active
    UNION ALL
    SELECT 'coordinator', district.id, account.id FROM account
    JOIN agency ON agency.id = account.agency_id
    JOIN agency district ON district.kind = 'district'
        AND district.id = ANY(string_to_array(trim(BOTH '/' FROM agency.path), '/')::bigint[])
    WHERE role = 'coordinator' AND active
)
"""
"""By audience: the desks at `agency_id`, and the accounts that sit there."""

WAYS = """
    LEFT JOIN agency desk ON desk.id = account.agency_id
    LEFT JOIN notification_preference preference ON preference.account_id = account.id
    CROSS JOIN LATERAL (
        SELECT DISTINCT CASE
            WHEN way.channel = 'email' AND account.email IS NULL THEN 'in_app'
            WHEN way.channel = 'webhook' AND NOT EXISTS (
                SELECT FROM webhook JOIN agency gate ON gate.id = webhook.agency_id
                WHERE webhook.active AND desk.path LIKE gate.path || '%'
            ) THEN 'in_app'
            ELSE way.channel END AS channel
        FROM unnest(coalesce(preference.channels, {usual})) AS way (channel)
    ) AS chosen
"""
"""The channels that an `account` has chosen, else the `usual` ones; where one does not reach the
person, the application stands in for it: what concerns a deadline always arrives somewhere."""
