"""First tables: plans, periods, obligations, reports, accounts, audit events."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


RECORD_BUDGET_CHANGE = """
CREATE FUNCTION record_budget_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line budget_line;
    sign int;
BEGIN
    FOREACH sign IN ARRAY ARRAY[-1, 1] LOOP
        IF sign = -1 AND TG_OP = 'INSERT' OR sign = 1 AND TG_OP = 'DELETE' THEN
            CONTINUE;
        END IF;
        line := CASE sign WHEN -1 THEN OLD ELSE NEW END;
        INSERT INTO budget_change
            (project_id, agency_id, source, origin, change_vnd, recorded_at)
        SELECT line.project_id, line.agency_id, line.source, line.origin,
            sign * line.amount_vnd, ledger.last_at
        FROM project JOIN ledger ON ledger.plan_id = project.plan_id
        WHERE project.id = line.project_id;
    END LOOP;
    RETURN NULL;
END $$
"""
BUDGET_HISTORY = """
CREATE TRIGGER budget_line_history AFTER INSERT OR UPDATE OR DELETE ON budget_line
FOR EACH ROW EXECUTE FUNCTION record_budget_change()
"""


def upgrade() -> None:
    op.execute('CREATE TYPE code_range AS RANGE (subtype = text, collation = "C")')
    op.create_table(
        "agency",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "province",
                "district",
                "department",
                "service_unit",
                "commune",
                "township",
                "mass_organisation",
                "bank",
                name="agencykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("identifier", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("code_range(code, code, '[]')"), "&&"),
            (sa.text("daterange(valid_from, valid_to, '[]')"), "&&"),
            using="gist",
            name="agency_code_once_at_a_time",
        ),
        sa.CheckConstraint(
            "code ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,34}$'", name=op.f("agency_code_check")
        ),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("agency_validity_check")),
        sa.ForeignKeyConstraint(["parent_id"], ["agency.id"], name="agency_parent_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="agency_pkey"),
        sa.UniqueConstraint("identifier", name="agency_identifier_key"),
    )
    op.create_index("agency_code_idx", "agency", ["code"], unique=False)
    op.create_index("agency_parent_id_idx", "agency", ["parent_id"], unique=False)
    op.create_index(
        "agency_path_idx",
        "agency",
        ["path"],
        unique=False,
        postgresql_ops={"path": "text_pattern_ops"},
    )
    op.create_table(
        "idempotency_record",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("principal", "key", name="idempotency_record_pkey"),
    )
    op.create_index(
        "idempotency_record_created_at_idx", "idempotency_record", ["created_at"], unique=False
    )
    op.create_table(
        "working_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "change",
            sa.Enum(
                "off",
                "worked",
                name="workingdaychange",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="working_day_pkey"),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "reporter",
                "coordinator",
                "viewer",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "agency_id IS NOT NULL OR role = 'admin'", name=op.f("account_agency_check")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="account_agency_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="account_pkey"),
        sa.UniqueConstraint("username", name="account_username_key"),
    )
    op.create_index("account_agency_id_idx", "account", ["agency_id"], unique=False)
    op.create_table(
        "agency_succession",
        sa.Column("predecessor_id", sa.BigInteger(), nullable=False),
        sa.Column("successor_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["predecessor_id"], ["agency.id"], name="agency_succession_predecessor_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["agency.id"], name="agency_succession_successor_id_fkey"
        ),
        sa.PrimaryKeyConstraint("predecessor_id", "successor_id", name="agency_succession_pkey"),
    )
    op.create_index(
        "agency_succession_successor_id_idx", "agency_succession", ["successor_id"], unique=False
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="api_key_agency_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="api_key_pkey"),
        sa.UniqueConstraint("key_hash", name="api_key_key_hash_key"),
    )
    op.create_index("api_key_agency_id_idx", "api_key", ["agency_id"], unique=False)
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("district_id", sa.BigInteger(), nullable=False),
        sa.Column("general_goal", sa.Text(), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("requirements", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("solutions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("funding", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reporting_duty", sa.Text(), nullable=False),
        sa.Column("recipients", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "signer", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("due_soon_days", sa.Integer(), server_default="7", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["agency.id"], name="plan_district_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="plan_pkey"),
        sa.UniqueConstraint("code", name="plan_code_key"),
    )
    op.create_index("plan_district_id_idx", "plan", ["district_id"], unique=False)
    op.create_index("plan_year_idx", "plan", ["year"], unique=False)
    op.create_table(
        "access_token",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="access_token_account_id_fkey"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="access_token_pkey"),
    )
    op.create_index("access_token_account_id_idx", "access_token", ["account_id"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="ledger_plan_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="ledger_pkey"),
        sa.UniqueConstraint(
            "plan_id", name="ledger_plan_id_key", postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "legal_document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="legal_document_plan_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="legal_document_pkey"),
        sa.UniqueConstraint("plan_id", "number", name="legal_document_plan_id_number_key"),
    )
    op.create_table(
        "project",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=True),
        sa.Column("target_group", sa.Text(), nullable=True),
        sa.Column("support_content", sa.Text(), nullable=True),
        sa.Column("completion_date", sa.Date(), nullable=True),
        sa.Column("completion_text", sa.Text(), nullable=True),
        sa.Column("lead_note", sa.Text(), nullable=True),
        sa.Column("coordination_note", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["project.id"], name="project_parent_id_fkey"),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="project_plan_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="project_pkey"),
        sa.UniqueConstraint("plan_id", "code", name="project_plan_id_code_key"),
    )
    op.create_index("project_parent_id_idx", "project", ["parent_id"], unique=False)
    op.create_table(
        "responsibility",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="responsibility_agency_id_fkey"),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="responsibility_plan_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="responsibility_pkey"),
        sa.UniqueConstraint(
            "plan_id", "agency_id", "position", name="responsibility_plan_id_agency_id_position_key"
        ),
    )
    op.create_index("responsibility_agency_id_idx", "responsibility", ["agency_id"], unique=False)
    op.create_table(
        "schedule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "frequency",
            sa.Enum(
                "quarter",
                "half_year",
                "year",
                name="frequency",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("ordinals", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column(
            "due_day",
            sa.Enum(
                "included",
                "excluded",
                name="dueday",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "non_working_day",
            sa.Enum(
                "none",
                "next_working_day",
                name="nonworkingday",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("cutoff_day", sa.Integer(), nullable=False),
        sa.Column("applies_from", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("cutoff_day BETWEEN 1 AND 28", name=op.f("schedule_cutoff_day_check")),
        sa.CheckConstraint("day BETWEEN 1 AND 31", name=op.f("schedule_day_check")),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("schedule_month_check")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="schedule_plan_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="schedule_pkey"),
        sa.UniqueConstraint("plan_id", "code", name="schedule_plan_id_code_key"),
    )
    op.create_table(
        "assignment",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "lead",
                "coordinating",
                name="assignmentrole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="assignment_agency_id_fkey"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="assignment_project_id_fkey"),
        sa.PrimaryKeyConstraint("project_id", "agency_id", name="assignment_pkey"),
    )
    op.create_index("assignment_agency_id_idx", "assignment", ["agency_id"], unique=False)
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ledger_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column(
            "before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="audit_event_agency_id_fkey"),
        sa.ForeignKeyConstraint(["ledger_id"], ["ledger.id"], name="audit_event_ledger_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="audit_event_pkey"),
    )
    op.create_index("audit_event_action_idx", "audit_event", ["action", "id"], unique=False)
    op.create_index("audit_event_actor_idx", "audit_event", ["actor", "at"], unique=False)
    op.create_index("audit_event_agency_id_idx", "audit_event", ["agency_id"], unique=False)
    op.create_index("audit_event_at_idx", "audit_event", ["at", "id"], unique=False)
    op.create_index("audit_event_ledger_idx", "audit_event", ["ledger_id", "id"], unique=False)
    op.create_index("audit_event_subject_idx", "audit_event", ["subject"], unique=False)
    op.create_table(
        "budget_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "central",
                "provincial",
                "district",
                "commune",
                "credit",
                "mobilised",
                "integrated",
                name="budgetsource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "origin",
            sa.Enum(
                "current_year",
                "carried_over",
                name="budgetorigin",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("change_vnd", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="budget_change_agency_id_fkey"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="budget_change_project_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="budget_change_pkey"),
    )
    op.create_index("budget_change_agency_id_idx", "budget_change", ["agency_id"], unique=False)
    op.create_index("budget_change_project_id_idx", "budget_change", ["project_id"], unique=False)
    op.create_table(
        "budget_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "central",
                "provincial",
                "district",
                "commune",
                "credit",
                "mobilised",
                "integrated",
                name="budgetsource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "origin",
            sa.Enum(
                "current_year",
                "carried_over",
                name="budgetorigin",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("origin_years", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("amount_vnd", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("amount_vnd >= 0", name=op.f("budget_line_amount_check")),
        sa.CheckConstraint(
            "cardinality(origin_years) > 0", name=op.f("budget_line_origin_years_check")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="budget_line_agency_id_fkey"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="budget_line_project_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="budget_line_pkey"),
    )
    op.create_index("budget_line_agency_id_idx", "budget_line", ["agency_id"], unique=False)
    op.create_index(
        "budget_line_once",
        "budget_line",
        ["project_id", "agency_id", "source", "origin", "origin_years"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("budget_line_source_idx", "budget_line", ["source"], unique=False)
    op.create_table(
        "indicator",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "flow",
                "cumulative",
                "stock",
                "ratio",
                name="indicatorkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("frequencies", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("filled_by", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("formula", sa.Text(), nullable=True),
        sa.Column("maximum", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(formula IS NULL) = (cardinality(filled_by) > 0)", name=op.f("indicator_formula_check")
        ),
        sa.CheckConstraint("decimals BETWEEN 0 AND 2", name=op.f("indicator_decimals_check")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="indicator_plan_id_fkey"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="indicator_project_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="indicator_pkey"),
        sa.UniqueConstraint("plan_id", "code", name="indicator_plan_id_code_key"),
    )
    op.create_index("indicator_project_id_idx", "indicator", ["project_id"], unique=False)
    op.create_table(
        "reporting_period",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column(
            "frequency",
            sa.Enum(
                "quarter",
                "half_year",
                "year",
                name="frequency",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("data_from", sa.Date(), nullable=False),
        sa.Column("data_to", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("late_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "closed",
                name="periodstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("data_from <= data_to", name=op.f("reporting_period_window_check")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="reporting_period_plan_id_fkey"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name="reporting_period_schedule_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="reporting_period_pkey"),
        sa.UniqueConstraint("plan_id", "code", name="reporting_period_plan_id_code_key"),
    )
    op.create_index(
        "reporting_period_schedule_id_idx", "reporting_period", ["schedule_id"], unique=False
    )
    op.create_index("reporting_period_year_idx", "reporting_period", ["year"], unique=False)
    op.create_table(
        "schedule_reporter",
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name="schedule_reporter_agency_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name="schedule_reporter_schedule_id_fkey"
        ),
        sa.PrimaryKeyConstraint("schedule_id", "agency_id", name="schedule_reporter_pkey"),
    )
    op.create_index(
        "schedule_reporter_agency_id_idx", "schedule_reporter", ["agency_id"], unique=False
    )
    op.create_table(
        "target",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("value", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="target_plan_id_fkey"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="target_project_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="target_pkey"),
        sa.UniqueConstraint("plan_id", "code", name="target_plan_id_code_key"),
    )
    op.create_index("target_project_id_idx", "target", ["project_id"], unique=False)
    op.create_table(
        "obligation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("late_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name="obligation_agency_id_fkey"),
        sa.ForeignKeyConstraint(
            ["period_id"], ["reporting_period.id"], name="obligation_period_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="obligation_pkey"),
        sa.UniqueConstraint("period_id", "agency_id", name="obligation_period_id_agency_id_key"),
    )
    op.create_index("obligation_agency_idx", "obligation", ["agency_id"], unique=False)
    op.create_index(
        "obligation_late_from_idx", "obligation", ["late_from", "first_submitted_at"], unique=False
    )
    op.create_table(
        "exemption",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("obligation_id", sa.BigInteger(), nullable=False),
        sa.Column("exempt", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligation.id"], name="exemption_obligation_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="exemption_pkey"),
    )
    op.create_index("exemption_obligation_id_idx", "exemption", ["obligation_id"], unique=False)
    op.create_table(
        "extension",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("obligation_id", sa.BigInteger(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("late_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligation.id"], name="extension_obligation_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="extension_pkey"),
    )
    op.create_index("extension_obligation_id_idx", "extension", ["obligation_id"], unique=False)
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("obligation_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "not_started",
                "draft",
                "submitted",
                "returned",
                "accepted",
                name="reportstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "draft", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("draft_saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("draft_saved_by", sa.Text(), nullable=True),
        sa.Column("last_revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("correction_due", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligation.id"], name="report_obligation_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="report_pkey"),
        sa.UniqueConstraint("obligation_id", name="report_obligation_id_key"),
    )
    op.create_index("report_status_idx", "report", ["status"], unique=False)
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("warnings_note", sa.Text(), nullable=True),
        sa.Column(
            "body", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="revision_report_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="revision_pkey"),
        sa.UniqueConstraint("report_id", "number", name="revision_report_id_number_key"),
    )
    op.create_index(
        "revision_recorded_at_idx", "revision", ["report_id", "recorded_at"], unique=False
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("comments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("correction_due", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="decision_report_id_fkey"),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="decision_revision_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="decision_pkey"),
    )
    op.create_index(
        "decision_recorded_at_idx", "decision", ["report_id", "recorded_at"], unique=False
    )
    op.create_index("decision_revision_id_idx", "decision", ["revision_id"], unique=False)
    op.create_table(
        "revision_disbursement",
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "central",
                "provincial",
                "district",
                "commune",
                "credit",
                "mobilised",
                "integrated",
                name="budgetsource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "origin",
            sa.Enum(
                "current_year",
                "carried_over",
                name="budgetorigin",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount_vnd", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_vnd >= 0", name=op.f("revision_disbursement_amount_check")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="revision_disbursement_project_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name="revision_disbursement_revision_id_fkey"
        ),
        sa.PrimaryKeyConstraint(
            "revision_id", "project_id", "source", "origin", name="revision_disbursement_pkey"
        ),
    )
    op.create_index(
        "revision_disbursement_project_id_idx",
        "revision_disbursement",
        ["project_id"],
        unique=False,
    )
    op.create_table(
        "revision_entry",
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("indicator_id", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("estimate", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.CheckConstraint(
            "estimate >= 0 AND estimate <> 'NaN'::numeric",
            name=op.f("revision_entry_estimate_check"),
        ),
        sa.CheckConstraint(
            "value >= 0 AND value <> 'NaN'::numeric", name=op.f("revision_entry_value_check")
        ),
        sa.ForeignKeyConstraint(
            ["indicator_id"], ["indicator.id"], name="revision_entry_indicator_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name="revision_entry_revision_id_fkey"
        ),
        sa.PrimaryKeyConstraint("revision_id", "indicator_id", name="revision_entry_pkey"),
    )
    op.create_index(
        "revision_entry_indicator_id_idx", "revision_entry", ["indicator_id"], unique=False
    )
    op.execute(RECORD_BUDGET_CHANGE)
    op.execute(BUDGET_HISTORY)


def downgrade() -> None:
    op.execute("DROP TRIGGER budget_line_history ON budget_line")
    op.execute("DROP FUNCTION record_budget_change")
    op.drop_index("revision_entry_indicator_id_idx", table_name="revision_entry")
    op.drop_table("revision_entry")
    op.drop_index("revision_disbursement_project_id_idx", table_name="revision_disbursement")
    op.drop_table("revision_disbursement")
    op.drop_index("decision_revision_id_idx", table_name="decision")
    op.drop_index("decision_recorded_at_idx", table_name="decision")
    op.drop_table("decision")
    op.drop_index("revision_recorded_at_idx", table_name="revision")
    op.drop_table("revision")
    op.drop_index("report_status_idx", table_name="report")
    op.drop_table("report")
    op.drop_index("extension_obligation_id_idx", table_name="extension")
    op.drop_table("extension")
    op.drop_index("exemption_obligation_id_idx", table_name="exemption")
    op.drop_table("exemption")
    op.drop_index("obligation_late_from_idx", table_name="obligation")
    op.drop_index("obligation_agency_idx", table_name="obligation")
    op.drop_table("obligation")
    op.drop_index("target_project_id_idx", table_name="target")
    op.drop_table("target")
    op.drop_index("schedule_reporter_agency_id_idx", table_name="schedule_reporter")
    op.drop_table("schedule_reporter")
    op.drop_index("reporting_period_year_idx", table_name="reporting_period")
    op.drop_index("reporting_period_schedule_id_idx", table_name="reporting_period")
    op.drop_table("reporting_period")
    op.drop_index("indicator_project_id_idx", table_name="indicator")
    op.drop_table("indicator")
    op.drop_index("budget_line_source_idx", table_name="budget_line")
    op.drop_index("budget_line_once", table_name="budget_line", postgresql_nulls_not_distinct=True)
    op.drop_index("budget_line_agency_id_idx", table_name="budget_line")
    op.drop_table("budget_line")
    op.drop_index("budget_change_project_id_idx", table_name="budget_change")
    op.drop_index("budget_change_agency_id_idx", table_name="budget_change")
    op.drop_table("budget_change")
    op.drop_index("audit_event_subject_idx", table_name="audit_event")
    op.drop_index("audit_event_ledger_idx", table_name="audit_event")
    op.drop_index("audit_event_at_idx", table_name="audit_event")
    op.drop_index("audit_event_agency_id_idx", table_name="audit_event")
    op.drop_index("audit_event_actor_idx", table_name="audit_event")
    op.drop_index("audit_event_action_idx", table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_index("assignment_agency_id_idx", table_name="assignment")
    op.drop_table("assignment")
    op.drop_table("schedule")
    op.drop_index("responsibility_agency_id_idx", table_name="responsibility")
    op.drop_table("responsibility")
    op.drop_index("project_parent_id_idx", table_name="project")
    op.drop_table("project")
    op.drop_table("legal_document")
    op.drop_table("ledger")
    op.drop_index("access_token_account_id_idx", table_name="access_token")
    op.drop_table("access_token")
    op.drop_index("plan_year_idx", table_name="plan")
    op.drop_index("plan_district_id_idx", table_name="plan")
    op.drop_table("plan")
    op.drop_index("api_key_agency_id_idx", table_name="api_key")
    op.drop_table("api_key")
    op.drop_index("agency_succession_successor_id_idx", table_name="agency_succession")
    op.drop_table("agency_succession")
    op.drop_index("account_agency_id_idx", table_name="account")
    op.drop_table("account")
    op.drop_table("working_day")
    op.drop_index("idempotency_record_created_at_idx", table_name="idempotency_record")
    op.drop_table("idempotency_record")
    op.drop_index(
        "agency_path_idx", table_name="agency", postgresql_ops={"path": "text_pattern_ops"}
    )
    op.drop_index("agency_parent_id_idx", table_name="agency")
    op.drop_index("agency_code_idx", table_name="agency")
    op.drop_table("agency")
    op.execute("DROP TYPE code_range")
