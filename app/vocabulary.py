"""Enumerations and limits of the domain, shared by models, schemas and rules."""

from decimal import Decimal
from enum import StrEnum

LARGEST_VND = 10**15
"""A thousand times the budget of the whole programme; larger amounts are typing errors."""
LARGEST_FIGURE = Decimal("9999999999999.99")
"""The largest figure of an indicator: two decimals of it survive as a JSON number."""


class AgencyKind(StrEnum):
    """The kind of an agency (cơ quan, đơn vị)."""

    COUNTRY = "country"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"
    TOWNSHIP = "township"
    WARD = "ward"
    SPECIAL_ZONE = "special_zone"
    DEPARTMENT = "department"
    SERVICE_UNIT = "service_unit"
    MASS_ORGANISATION = "mass_organisation"
    BANK = "bank"


TIERS = {
    AgencyKind.COUNTRY: 0,
    AgencyKind.PROVINCE: 1,
    AgencyKind.DISTRICT: 2,
    AgencyKind.COMMUNE: 3,
    AgencyKind.TOWNSHIP: 3,
    AgencyKind.WARD: 3,
    AgencyKind.SPECIAL_ZONE: 3,
}
"""The tier of each kind of government (chính quyền), the highest first.

A government lies only in governments of a higher tier. Agencies of other kinds belong to one.
"""
COMMUNE_LEVEL = frozenset(kind for kind, tier in TIERS.items() if tier == TIERS[AgencyKind.COMMUNE])
"""The governments of the lowest tier: communes, townships, wards and special zones."""


class ReorganisationState(StrEnum):
    """The state of a reorganisation: entered for a coming day, or applied."""

    PENDING = "pending"
    APPLIED = "applied"


class AssignmentRole(StrEnum):
    """The role of an agency in a project: chủ trì or phối hợp."""

    LEAD = "lead"
    COORDINATING = "coordinating"


class BudgetSource(StrEnum):
    """The source of a budget line (section IV of the plan)."""

    CENTRAL = "central"
    PROVINCIAL = "provincial"
    DISTRICT = "district"
    COMMUNE = "commune"
    CREDIT = "credit"
    MOBILISED = "mobilised"
    INTEGRATED = "integrated"


class BudgetOrigin(StrEnum):
    """Whether money is from this year or carried over from earlier ones (vốn chuyển nguồn)."""

    CURRENT_YEAR = "current_year"
    CARRIED_OVER = "carried_over"


class BudgetNature(StrEnum):
    """Whether money is for development investment (đầu tư phát triển) or recurrent (sự nghiệp)."""

    INVESTMENT = "investment"
    RECURRENT = "recurrent"


class IndicatorKind(StrEnum):
    """How a figure relates to time.

    flow: counted within the data window; cumulative: counted since 1 January; stock: the state on
    the last day of the window; ratio: derived, a ratio of sums.
    """

    FLOW = "flow"
    CUMULATIVE = "cumulative"
    STOCK = "stock"
    RATIO = "ratio"


class ProposalRule(StrEnum):
    """Why a form proposes a figure.

    sum_of_quarters: the quarters of a flow add up; last_stock: a stock as it was last reported.
    """

    SUM_OF_QUARTERS = "sum_of_quarters"
    LAST_STOCK = "last_stock"


class TargetMeasure(StrEnum):
    """How the progress of a target follows from the figure of its indicator.

    value: it is the figure; decrease: the baseline minus the figure; share: the figure in percent
    of the highest possible one (`maximum` of the indicator).
    """

    VALUE = "value"
    DECREASE = "decrease"
    SHARE = "share"


class TargetGap(StrEnum):
    """What the progress of a target lacks.

    indicator: the target has none; period: its indicator is not reported in this period; target:
    the agency has no target; baseline: the figure at the start is not entered; maximum: the
    indicator has none; figures: no agency has reported; reports: some agencies have not.
    """

    INDICATOR = "indicator"
    PERIOD = "period"
    TARGET = "target"
    BASELINE = "baseline"
    MAXIMUM = "maximum"
    FIGURES = "figures"
    REPORTS = "reports"


class Frequency(StrEnum):
    """How often a report is due."""

    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class DueDay(StrEnum):
    """How "trước ngày 15" is interpreted: whether the 15th itself is still on time."""

    INCLUDED = "included"
    EXCLUDED = "excluded"


class NonWorkingDay(StrEnum):
    """What happens to a due date on a non-working day."""

    NONE = "none"
    NEXT_WORKING_DAY = "next_working_day"


class WorkingDayChange(StrEnum):
    """An exception in the calendar: an extra day off, or a day off on which people work."""

    OFF = "off"
    WORKED = "worked"


class PeriodState(StrEnum):
    """Whether a reporting period accepts reports."""

    OPEN = "open"
    CLOSED = "closed"


class Timeliness(StrEnum):
    """The timeliness (tình trạng thời hạn) of an obligation at an instant."""

    UPCOMING = "upcoming"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    ON_TIME = "on_time"
    LATE = "late"
    EXEMPT = "exempt"


class ExemptionCause(StrEnum):
    """Why an obligation is exempt: a decision gives its reason in words, a rule is the reason."""

    DECISION = "decision"
    DUE_BEFORE_PLAN = "due_before_plan"


class ReportStatus(StrEnum):
    """The state of a report; `not_started` is an obligation without a report."""

    NOT_STARTED = "not_started"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class FindingLevel(StrEnum):
    """An error prevents a submission; a warning has to be confirmed by the sender with a note."""

    ERROR = "error"
    WARNING = "warning"


class FindingCode(StrEnum):
    """What a finding says: a rule of reports that a draft does not meet."""

    UNKNOWN_INDICATOR = "unknown_indicator"
    UNKNOWN_PROJECT = "unknown_project"
    NOT_YOURS = "not_yours"
    MONEY_ONLY = "money_only"
    OTHER_PROJECT = "other_project"
    GIVEN_TWICE = "given_twice"
    NOT_A_NUMBER = "not_a_number"
    NEGATIVE = "negative"
    TOO_PRECISE = "too_precise"
    OVER_MAXIMUM = "over_maximum"
    REQUIRED_FIGURE_MISSING = "required_figure_missing"
    PART_OVER_TOTAL = "part_over_total"
    MORE_THAN_POOR = "more_than_poor"
    MORE_THAN_ALL = "more_than_all"
    NOT_BALANCED = "not_balanced"
    OVER_ALLOCATED = "over_allocated"
    NOT_ALLOCATED = "not_allocated"
    NATURE_MISSING = "nature_missing"
    SPENT_LESS_THAN_BEFORE = "spent_less_than_before"
    ESTIMATE_BELOW_VALUE = "estimate_below_value"
    NOT_THE_SUM_OF_QUARTERS = "not_the_sum_of_quarters"
    NIL_SECTION_HAS_FIGURES = "nil_section_has_figures"
    CARRIED_FIGURE = "carried_figure"
    OUTSIDE_WINDOW = "outside_window"
    ONLY_IN_ANNUAL_REPORT = "only_in_annual_report"


class DecisionAction(StrEnum):
    """What a reviewer decided about a report."""

    RETURNED = "returned"
    ACCEPTED = "accepted"
    REOPENED = "reopened"


class ReminderTemplate(StrEnum):
    """The text of a reminder: to the agency itself, or to its superiors."""

    REMINDER = "reminder"
    ESCALATION = "escalation"


class Basis(StrEnum):
    """Whether an aggregate uses the last accepted or the last submitted revision of each agency."""

    ACCEPTED = "accepted"
    SUBMITTED = "submitted"


class Breakdown(StrEnum):
    """What the rows of an aggregate are broken down by.

    The governments next below the subtree's root, the reporting agencies, their kinds, or projects.
    """

    GOVERNMENT = "government"
    AGENCY = "agency"
    KIND = "kind"
    PROJECT = "project"


class SystemActor(StrEnum):
    """Who acts in audit events where no person and no key does; no account has such a name."""

    COMMAND_LINE = "command-line"
    """The operator's commands."""
    SEED = "seed"
    """The loading of a plan's files."""
    SYSTEM = "system"
    """Migrations and background jobs."""


SYSTEM_ACTORS = frozenset(SystemActor)


class AuditAction(StrEnum):
    """What was done, in audit events: the kind of the subject and what happened to it."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_PASSWORD_CHANGED = "account.password_changed"  # noqa: S105 - an action, not a password
    ACCOUNT_SIGNED_IN = "account.signed_in"
    ACCOUNT_SIGN_IN_REFUSED = "account.sign_in_refused"
    ACCOUNT_SESSIONS_ENDED = "account.sessions_ended"
    PASSWORD_LINK_CREATED = "password_link.created"  # noqa: S105 - an action, not a password
    PASSWORD_LINK_REFUSED = "password_link.refused"  # noqa: S105 - an action, not a password
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"
    CALENDAR_LINK_CREATED = "calendar_link.created"
    CALENDAR_LINK_REVOKED = "calendar_link.revoked"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_DELETED = "webhook.deleted"
    NOTIFICATION_PREFERENCE_PUT = "notification_preference.put"
    PROGRAMME_LOADED = "programme.loaded"
    PLAN_LOADED = "plan.loaded"
    PLAN_IMPORT_FAILED = "plan.import_failed"
    PLAN_CHANGED = "plan.changed"
    TARGET_CHANGED = "target.changed"
    AGENCY_CREATED = "agency.created"
    AGENCY_CHANGED = "agency.changed"
    REORGANISATION_ENTERED = "reorganisation.entered"
    REORGANISATION_APPLIED = "reorganisation.applied"
    PROJECT_CREATED = "project.created"
    PROJECT_CHANGED = "project.changed"
    ASSIGNMENT_CREATED = "assignment.created"
    ASSIGNMENT_CHANGED = "assignment.changed"
    ASSIGNMENT_DELETED = "assignment.deleted"
    INDICATOR_CREATED = "indicator.created"
    INDICATOR_CHANGED = "indicator.changed"
    BUDGET_LINE_CREATED = "budget_line.created"
    BUDGET_LINE_CHANGED = "budget_line.changed"
    BUDGET_LINE_DELETED = "budget_line.deleted"
    SCHEDULE_CHANGED = "schedule.changed"
    REPORTING_PERIODS_GENERATED = "reporting_periods.generated"
    REPORTING_PERIOD_OPENED = "reporting_period.opened"
    REPORTING_PERIOD_CLOSED = "reporting_period.closed"
    REPORTING_PERIOD_MOVED = "reporting_period.moved"
    REPORTING_PERIOD_EXEMPTED = "reporting_period.exempted"
    REPORTING_PERIOD_EXEMPTION_ENDED = "reporting_period.exemption_ended"
    WORKING_DAY_PUT = "working_day.put"
    WORKING_DAY_REMOVED = "working_day.removed"
    OBLIGATION_EXTENDED = "obligation.extended"
    OBLIGATION_EXEMPTED = "obligation.exempted"
    OBLIGATION_EXEMPTION_ENDED = "obligation.exemption_ended"
    OBLIGATION_REMINDED = "obligation.reminded"
    REMINDER_RULE_CREATED = "reminder_rule.created"
    REMINDER_RULE_CHANGED = "reminder_rule.changed"
    REMINDER_RULE_DELETED = "reminder_rule.deleted"
    REPORT_DRAFT_SAVED = "report.draft_saved"
    REPORT_SUBMITTED = "report.submitted"
    REPORT_SEALED = "report.sealed"
    REPORT_OPENED = "report.opened"
    REPORT_RECALLED = "report.recalled"
    REPORT_RETURNED = "report.returned"
    REPORT_ACCEPTED = "report.accepted"
    REPORT_REOPENED = "report.reopened"
    MESSAGES_HELD = "messages.held"
    MESSAGES_RELEASED = "messages.released"
    MESSAGES_DROPPED = "messages.dropped"
    DATABASE_RESTORED = "database.restored"


class Role(StrEnum):
    """The role of an account, which sets its permissions."""

    REPORTER = "reporter"
    COORDINATOR = "coordinator"
    VIEWER = "viewer"
    ADMIN = "admin"


class LinkPurpose(StrEnum):
    """Why a person may set a password: the account is new, or the old password is lost."""

    INVITATION = "invitation"
    RESET = "reset"


class LinkDelivery(StrEnum):
    """How a person gets the secret: as a link by e-mail, or as a code on paper or by telephone."""

    EMAIL = "email"
    CODE = "code"


class Scope(StrEnum):
    """A scope of an API key."""

    REFERENCE_READ = "reference:read"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"
    AGGREGATES_READ = "aggregates:read"


class DayKind(StrEnum):
    """The days that a reminder rule counts: calendar days or working days."""

    CALENDAR = "calendar"
    WORKING = "working"


class Audience(StrEnum):
    """The recipients of a reminder.

    reporter: the reporters of the agency; head: the viewers of the agency; coordinator: the
    coordinators of the district; leadership: the viewers of the district.
    """

    REPORTER = "reporter"
    HEAD = "head"
    COORDINATOR = "coordinator"
    LEADERSHIP = "leadership"


class Channel(StrEnum):
    """The channel by which a notification is delivered."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    IN_APP = "in_app"


class EventKind(StrEnum):
    """The kinds of events that cause notifications.

    received: told to the agency whose report came; arrived: told to the coordinators, collected.
    """

    RECEIVED = "report.received"
    ARRIVED = "report.arrived"
    RETURNED = "report.returned"
    ACCEPTED = "report.accepted"
    REOPENED = "report.reopened"
    EXTENDED = "obligation.extended"
    EXEMPTED = "obligation.exempted"
    EXEMPTION_ENDED = "obligation.exemption_ended"
    PERIOD_OPENED = "reporting_period.opened"
    PERIOD_CLOSED = "reporting_period.closed"
    PERIOD_MOVED = "reporting_period.moved"
    REMINDED = "obligation.reminded"
    CORRECTION_DUE = "report.correction_due"
    IMPORT_FAILED = "plan.import_failed"


class NotificationState(StrEnum):
    """The state of a notification.

    planned: its message is not sent yet; sent; failed: retries did not help; skipped: no longer
    true when its message was due; superseded: replaced by a later notification.
    """

    PLANNED = "planned"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"


class NotificationReason(StrEnum):
    """Why a notification was planned, superseded, skipped, or not delivered."""

    # Planned
    DUE = "due"
    HAPPENED = "happened"
    FALLBACK = "fallback"
    # Superseded
    ALREADY_NOTIFIED = "already_notified"
    LATER_REMINDER = "later_reminder"
    LATER_EVENT = "later_event"
    DROPPED_BY_OPERATOR = "dropped_by_operator"
    # Skipped
    ACCOUNT_INACTIVE = "account_inactive"
    ROLE_CHANGED = "role_changed"
    AGENCY_CHANGED = "agency_changed"
    AGENCY_ENDED = "agency_ended"
    AGENCY_EXEMPT = "agency_exempt"
    AGENCY_NOT_EXEMPT = "agency_not_exempt"
    REPORT_SUBMITTED = "report_submitted"
    REPORT_RESUBMITTED = "report_resubmitted"
    REPORT_NOT_ACCEPTED = "report_not_accepted"
    CORRECTION_MOVED = "correction_moved"
    PERIOD_CLOSED = "period_closed"
    PERIOD_OPEN = "period_open"
    DUE_DATE_EXTENDED = "due_date_extended"
    RULE_DROPPED = "rule_dropped"
    PLAN_LOADED = "plan_loaded"
    # Not delivered
    INTERRUPTED = "interrupted"
    NO_WEBHOOK = "no_webhook"
    NO_MAIL_ADDRESS = "no_mail_address"
    INVALID_MAIL_ADDRESS = "invalid_mail_address"
    MAIL_TIMEOUT = "mail_timeout"
    WEBHOOK_TIMEOUT = "webhook_timeout"
    WEBHOOK_STATUS = "webhook_status"
    WEBHOOK_UNREACHABLE = "webhook_unreachable"
    WEBHOOK_NOT_PUBLIC = "webhook_not_public"
    DELIVERY_ERROR = "delivery_error"


class MessageState(StrEnum):
    """The state of a message.

    waiting: due to be sent; sending: a sender has leased it; sent; failed: retries did not help;
    empty: all of its notifications were skipped or superseded.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    EMPTY = "empty"
