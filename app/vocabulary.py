"""The words of the field: one closed list for each, shared by tables, wire format and rules."""

from enum import StrEnum


class AgencyKind(StrEnum):
    """What an agency (cơ quan, đơn vị) is."""

    PROVINCE = "province"
    DISTRICT = "district"
    DEPARTMENT = "department"
    SERVICE_UNIT = "service_unit"
    COMMUNE = "commune"
    TOWNSHIP = "township"
    MASS_ORGANISATION = "mass_organisation"
    BANK = "bank"


COMMUNE_LEVEL = frozenset({AgencyKind.COMMUNE, AgencyKind.TOWNSHIP})
"""Xã and thị trấn: the kinds that the plan names together, "các xã, thị trấn"."""


class AssignmentRole(StrEnum):
    """What an agency does in a project: chủ trì or phối hợp."""

    LEAD = "lead"
    COORDINATING = "coordinating"


class BudgetSource(StrEnum):
    """Where money comes from (section IV of the plan)."""

    CENTRAL = "central"
    PROVINCIAL = "provincial"
    DISTRICT = "district"
    COMMUNE = "commune"
    CREDIT = "credit"
    MOBILISED = "mobilised"
    INTEGRATED = "integrated"


class BudgetOrigin(StrEnum):
    """Money of this year, or of earlier years that may still be spent (vốn chuyển nguồn)."""

    CURRENT_YEAR = "current_year"
    CARRIED_OVER = "carried_over"


class IndicatorKind(StrEnum):
    """How a figure behaves in time.

    flow: counted in the data window; cumulative: since 1 January; stock: the state on the
    window's last day; ratio: derived, always a ratio of sums.
    """

    FLOW = "flow"
    CUMULATIVE = "cumulative"
    STOCK = "stock"
    RATIO = "ratio"


class Frequency(StrEnum):
    """How often a report is due."""

    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class DueDay(StrEnum):
    """How "trước ngày 15" is read: the named day still counts, or it is already late."""

    INCLUDED = "included"
    EXCLUDED = "excluded"


class NonWorkingDay(StrEnum):
    """What happens to a due date that falls on a day off."""

    NONE = "none"
    NEXT_WORKING_DAY = "next_working_day"


class WorkingDayChange(StrEnum):
    """An exception to the calendar: an extra day off, or a weekend day that is worked."""

    OFF = "off"
    WORKED = "worked"


class PeriodState(StrEnum):
    """Whether a reporting period still takes reports."""

    OPEN = "open"
    CLOSED = "closed"


class Timeliness(StrEnum):
    """Tình trạng thời hạn of an obligation at an instant."""

    UPCOMING = "upcoming"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    ON_TIME = "on_time"
    LATE = "late"
    EXEMPT = "exempt"


class ReportStatus(StrEnum):
    """Where a report stands in its life; `not_started` is an obligation without a report."""

    NOT_STARTED = "not_started"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class FindingLevel(StrEnum):
    """An error refuses a submission; a warning is confirmed by the sender with a note."""

    ERROR = "error"
    WARNING = "warning"


class Basis(StrEnum):
    """Which revision of each agency an aggregate sums."""

    ACCEPTED = "accepted"
    SUBMITTED = "submitted"


class Role(StrEnum):
    """What an account is for."""

    REPORTER = "reporter"
    COORDINATOR = "coordinator"
    VIEWER = "viewer"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an API key may reach."""

    REFERENCE_READ = "reference:read"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"
    AGGREGATES_READ = "aggregates:read"


class DayKind(StrEnum):
    """What a reminder rule counts: days of the calendar, or working days."""

    CALENDAR = "calendar"
    WORKING = "working"


class Audience(StrEnum):
    """At whose desk a reminder arrives.

    reporter: those who fill in the agency's report; head: those who watch over that agency;
    coordinator: the office that collects; leadership: those who watch over the district.
    """

    REPORTER = "reporter"
    HEAD = "head"
    COORDINATOR = "coordinator"
    LEADERSHIP = "leadership"


class Channel(StrEnum):
    """By which way a notification goes out."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    IN_APP = "in_app"


class EventKind(StrEnum):
    """What happened that somebody has to hear of."""

    RETURNED = "report.returned"
    ACCEPTED = "report.accepted"
    REOPENED = "report.reopened"
    EXTENDED = "obligation.extended"
    EXEMPTED = "obligation.exempted"
    EXEMPTION_ENDED = "obligation.exemption_ended"
    PERIOD_OPENED = "reporting_period.opened"
    PERIOD_CLOSED = "reporting_period.closed"
    REMINDED = "obligation.reminded"
    CORRECTION_DUE = "report.correction_due"
    IMPORT_FAILED = "plan.import_failed"


class NotificationState(StrEnum):
    """How far a notification has come, or why it went nowhere.

    planned: waits for its message to leave; sent; failed: given up after retries; skipped: no
    longer true when it was to leave; superseded: a later one says more.
    """

    PLANNED = "planned"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"


class MessageState(StrEnum):
    """A message waits, is in a sender's hands, has left, was given up, or had nothing to say."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    EMPTY = "empty"
