"""Reasons are stored as codes, with a server's own words beside them, not as English sentences."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SENTENCES = {
    "due": "due and not yet told",
    "happened": "it happened",
    "fallback": "it could not leave by the channel chosen",
    "already_notified": "told by another rule or channel",
    "later_reminder": "a later reminder says more",
    "later_event": "a later event says more",
    "account_inactive": "the account is no longer active",
    "role_changed": "the person has another role now",
    "agency_changed": "the person has moved to another agency",
    "agency_ended": "the agency had ended before the period did",
    "agency_exempt": "the agency was exempted",
    "agency_not_exempt": "the agency is no longer exempt",
    "report_submitted": "the report has come",
    "report_resubmitted": "the report was sent again",
    "report_not_accepted": "the report is no longer accepted",
    "correction_moved": "the correction is due on another day",
    "period_closed": "the period is closed",
    "period_open": "the period is open",
    "due_date_extended": "the due date was extended",
    "rule_dropped": "the rule was dropped",
    "plan_loaded": "the plan was loaded since",
    "interrupted": "every attempt was cut off before its end",
    "no_webhook": "no webhook covers the agency",
    "no_mail_address": "the account has no e-mail address",
    "invalid_mail_address": "not an e-mail address: ",
    "mail_timeout": "the mail server did not answer in time",
    "webhook_timeout": "the webhook did not answer in time",
    "webhook_status": "the webhook answered ",
    "webhook_unreachable": "the webhook's address cannot be asked",
    "webhook_not_public": "in production a webhook needs a public https address",
    "delivery_error": "",
}
WITH_DETAIL = {"invalid_mail_address", "webhook_status", "delivery_error"}
"""The sentences that a detail follows; `delivery_error` is the detail alone."""
COLUMNS = {"notification": "why", "message": "error"}

CREATE_SENTENCES = """
CREATE TEMPORARY TABLE reason_sentence (code text, sentence text, has_detail boolean)
"""
FILL_SENTENCES = sa.text("""
INSERT INTO reason_sentence
SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:sentences AS text[]), CAST(:details AS bool[]))
""")
ENCODE = {
    "notification": """
UPDATE notification SET (why, why_detail) = (
    SELECT code, CASE WHEN has_detail THEN substr(why, length(sentence) + 1) END
    FROM reason_sentence
    WHERE CASE WHEN has_detail THEN starts_with(why, sentence) ELSE why = sentence END
    ORDER BY length(sentence) DESC LIMIT 1
)
""",
    "message": """
UPDATE message SET (error, error_detail) = (
    SELECT code, CASE WHEN has_detail THEN substr(error, length(sentence) + 1) END
    FROM reason_sentence
    WHERE CASE WHEN has_detail THEN starts_with(error, sentence) ELSE error = sentence END
    ORDER BY length(sentence) DESC LIMIT 1
)
WHERE error IS NOT NULL
""",
}
DECODE = {
    "notification": """
UPDATE notification SET why = sentence || coalesce(why_detail, '')
FROM reason_sentence WHERE code = why
""",
    "message": """
UPDATE message SET error = sentence || coalesce(error_detail, '')
FROM reason_sentence WHERE code = error
""",
}


def upgrade() -> None:
    _create_sentences()
    for table, column in COLUMNS.items():
        op.add_column(table, sa.Column(f"{column}_detail", sa.Text()))
        op.execute(ENCODE[table])
        op.alter_column(table, column, type_=sa.String(32))
        op.create_check_constraint(
            op.f(f"{table}_notificationreason_check"),
            table,
            sa.column(column).in_(SENTENCES),
        )
    op.execute("DROP TABLE reason_sentence")


def downgrade() -> None:
    _create_sentences()
    for table, column in COLUMNS.items():
        op.drop_constraint(op.f(f"{table}_notificationreason_check"), table)
        op.alter_column(table, column, type_=sa.Text())
        op.execute(DECODE[table])
        op.drop_column(table, f"{column}_detail")
    op.execute("DROP TABLE reason_sentence")


def _create_sentences() -> None:
    op.execute(CREATE_SENTENCES)
    op.get_bind().execute(
        FILL_SENTENCES,
        {
            "codes": list(SENTENCES),
            "sentences": list(SENTENCES.values()),
            "details": [code in WITH_DETAIL for code in SENTENCES],
        },
    )
