"""Names of resources, states and operations in messages, in Vietnamese and English."""

from collections.abc import Iterable

from app.policy import Permission
from app.text.bilingual import Bilingual
from app.vocabulary import (
    AgencyKind,
    AuditAction,
    Basis,
    Breakdown,
    BudgetNature,
    BudgetOrigin,
    BudgetSource,
    Channel,
    Frequency,
    IndicatorKind,
    ProposalRule,
    ReportStatus,
    Role,
    TargetGap,
    TargetMeasure,
    Timeliness,
)

PATH = Bilingual("đường dẫn này", "such path")
PROGRAMME = Bilingual("chương trình {code}", "programme {code}")
PLAN = Bilingual("kế hoạch {code}", "plan {code}")
ANY_PLAN = Bilingual("kế hoạch nào", "plan")
PERIOD = Bilingual("kỳ báo cáo {code}", "reporting period {code}")
SCHEDULE = Bilingual("chế độ báo cáo {code}", "schedule {code}")
PROJECT = Bilingual("dự án {code}", "project {code}")
AGENCY = Bilingual("đơn vị {code}", "agency {code}")
ASSIGNMENT = Bilingual(
    "phân công của đơn vị {agency} trong dự án {project}",
    "assignment of agency {agency} to project {project}",
)
BUDGET_LINE = Bilingual("khoản vốn {id!s}", "budget line {id!s}")
INDICATOR = Bilingual("chỉ tiêu {code}", "indicator {code}")
TARGET = Bilingual("mục tiêu {code}", "target {code}")
REPORT = Bilingual(
    "báo cáo kỳ {period} của đơn vị {agency}", "report of agency {agency} for {period}"
)
REVISION = Bilingual("bản gửi số {number!s}", "revision {number!s}")
REMINDER_RULE = Bilingual("quy tắc nhắc {code}", "reminder rule {code}")
MESSAGE = Bilingual("thông báo {id!s}", "notification {id!s}")
WEBHOOK = Bilingual("cổng nhận tin {id!s}", "webhook {id!s}")
WORKING_DAY = Bilingual("ngày nghỉ bù, làm bù {day}", "calendar exception on {day}")
PREFERENCES = Bilingual(
    "trang cài đặt thông báo của liên kết này", "notification settings page for this link"
)
CALENDAR = Bilingual("lịch hạn gửi này", "such calendar")
CALENDAR_LINK = Bilingual("liên kết lịch hạn gửi {id!s}", "calendar link {id!s}")
ACCOUNT = Bilingual("tài khoản {username}", "account {username}")
PASSWORD_LINK = Bilingual(
    "liên kết đặt mật khẩu này, hoặc liên kết đã hết hạn hay đã dùng",
    "link to set a password that is still valid and unused",
)
API_KEY = Bilingual("khóa API {id!s}", "API key {id!s}")
REORGANISATION = Bilingual("đợt sắp xếp {id!s}", "reorganisation {id!s}")

STATUS = {
    ReportStatus.NOT_STARTED: Bilingual("chưa lập", "not started"),
    ReportStatus.DRAFT: Bilingual("dự thảo", "a draft"),
    ReportStatus.SUBMITTED: Bilingual("đã gửi", "submitted"),
    ReportStatus.RETURNED: Bilingual("đã trả lại", "returned"),
    ReportStatus.ACCEPTED: Bilingual("đã duyệt", "accepted"),
}
"""The status of a report, as in "the report is …"."""

FREQUENCY = {
    Frequency.QUARTER: Bilingual("hằng quý", "quarterly"),
    Frequency.HALF_YEAR: Bilingual("6 tháng", "half-yearly"),
    Frequency.YEAR: Bilingual("hằng năm", "yearly"),
}

INDICATOR_KIND = {
    IndicatorKind.FLOW: Bilingual("phát sinh trong kỳ", "within the period"),
    IndicatorKind.CUMULATIVE: Bilingual("lũy kế từ đầu năm", "since 1 January"),
    IndicatorKind.STOCK: Bilingual("tại ngày chốt số liệu", "on the last day of the period"),
    IndicatorKind.RATIO: Bilingual("tỷ lệ", "ratio"),
}

BUDGET_SOURCE = {
    BudgetSource.CENTRAL: Bilingual("ngân sách trung ương", "central budget"),
    BudgetSource.PROVINCIAL: Bilingual("ngân sách tỉnh", "provincial budget"),
    BudgetSource.DISTRICT: Bilingual("ngân sách huyện", "district budget"),
    BudgetSource.COMMUNE: Bilingual("ngân sách xã", "commune budget"),
    BudgetSource.CREDIT: Bilingual("vốn tín dụng", "credit"),
    BudgetSource.MOBILISED: Bilingual("vốn huy động", "mobilised"),
    BudgetSource.INTEGRATED: Bilingual("vốn lồng ghép", "from integrated programmes"),
}

BUDGET_ORIGIN = {
    BudgetOrigin.CURRENT_YEAR: Bilingual("vốn giao trong năm", "of this year"),
    BudgetOrigin.CARRIED_OVER: Bilingual("vốn chuyển nguồn", "carried over"),
}

BUDGET_NATURE = {
    BudgetNature.INVESTMENT: Bilingual("đầu tư phát triển", "development investment"),
    BudgetNature.RECURRENT: Bilingual("chi thường xuyên", "recurrent expenditure"),
}

PROPOSAL_RULE = {
    ProposalRule.SUM_OF_QUARTERS: Bilingual("tổng các quý", "sum of the quarters"),
    ProposalRule.LAST_STOCK: Bilingual("số kỳ trước", "as last reported"),
}

TIMELINESS = {
    Timeliness.UPCOMING: Bilingual("chưa đến hạn", "upcoming"),
    Timeliness.DUE_SOON: Bilingual("sắp đến hạn", "due soon"),
    Timeliness.OVERDUE: Bilingual("quá hạn", "overdue"),
    Timeliness.ON_TIME: Bilingual("đúng hạn", "on time"),
    Timeliness.LATE: Bilingual("gửi chậm", "late"),
    Timeliness.EXEMPT: Bilingual("được miễn", "exempt"),
}

AGENCY_KIND = {
    AgencyKind.COUNTRY: Bilingual("cả nước", "country"),
    AgencyKind.PROVINCE: Bilingual("tỉnh, thành phố", "province"),
    AgencyKind.DISTRICT: Bilingual("huyện", "district"),
    AgencyKind.COMMUNE: Bilingual("xã", "commune"),
    AgencyKind.TOWNSHIP: Bilingual("thị trấn", "township"),
    AgencyKind.WARD: Bilingual("phường", "ward"),
    AgencyKind.SPECIAL_ZONE: Bilingual("đặc khu", "special zone"),
    AgencyKind.DEPARTMENT: Bilingual("cơ quan chuyên môn", "department"),
    AgencyKind.SERVICE_UNIT: Bilingual("đơn vị sự nghiệp", "service unit"),
    AgencyKind.MASS_ORGANISATION: Bilingual("tổ chức chính trị - xã hội", "mass organisation"),
    AgencyKind.BANK: Bilingual("ngân hàng", "bank"),
}

BASIS = {
    Basis.ACCEPTED: Bilingual("báo cáo đã duyệt", "accepted reports"),
    Basis.SUBMITTED: Bilingual("báo cáo đã gửi, kể cả chưa duyệt", "submitted reports"),
}

BREAKDOWN = {
    Breakdown.GOVERNMENT: Bilingual("đơn vị hành chính", "government"),
    Breakdown.AGENCY: Bilingual("đơn vị báo cáo", "reporting agency"),
    Breakdown.KIND: Bilingual("loại đơn vị", "kind of agency"),
    Breakdown.PROJECT: Bilingual("dự án", "project"),
}

TARGET_MEASURE = {
    TargetMeasure.VALUE: Bilingual("số thực hiện", "figure"),
    TargetMeasure.DECREASE: Bilingual("mức giảm so với đầu năm", "decrease since 1 January"),
    TargetMeasure.SHARE: Bilingual("tỷ lệ trên tổng số", "share of the maximum"),
}
"""What the progress of a target is."""

TARGET_GAP = {
    TargetGap.INDICATOR: Bilingual("chưa gắn chỉ tiêu", "an indicator"),
    TargetGap.PERIOD: Bilingual("chỉ tiêu không báo cáo trong kỳ này", "the indicator here"),
    TargetGap.TARGET: Bilingual("chưa giao chỉ tiêu kế hoạch", "the target value"),
    TargetGap.BASELINE: Bilingual("chưa có số đầu năm", "the baseline"),
    TargetGap.MAXIMUM: Bilingual("chưa có tổng số để tính tỷ lệ", "the indicator's maximum"),
    TargetGap.FIGURES: Bilingual("chưa có đơn vị báo cáo số liệu", "all figures"),
    TargetGap.REPORTS: Bilingual("còn đơn vị chưa gửi báo cáo", "some reports"),
}

ROLE = {
    Role.REPORTER: Bilingual("người báo cáo", "reporter"),
    Role.COORDINATOR: Bilingual("cán bộ tổng hợp", "coordinator"),
    Role.VIEWER: Bilingual("người theo dõi", "viewer"),
    Role.ADMIN: Bilingual("quản trị viên", "admin"),
}

CHANNEL = {
    Channel.EMAIL: Bilingual("thư điện tử", "e-mail"),
    Channel.WEBHOOK: Bilingual("cổng nhận tin", "webhook"),
    Channel.IN_APP: Bilingual("trong ứng dụng", "in the application"),
}

AUDIT_ACTION = {
    AuditAction.ACCOUNT_CREATED: Bilingual("tạo tài khoản", "created an account"),
    AuditAction.ACCOUNT_CHANGED: Bilingual("sửa tài khoản", "changed an account"),
    AuditAction.ACCOUNT_PASSWORD_CHANGED: Bilingual("đổi mật khẩu", "changed a password"),
    AuditAction.ACCOUNT_SIGNED_IN: Bilingual("đăng nhập", "signed in"),
    AuditAction.ACCOUNT_SIGN_IN_REFUSED: Bilingual("đăng nhập bị từ chối", "sign-ins were refused"),
    AuditAction.ACCOUNT_SESSIONS_ENDED: Bilingual(
        "đăng xuất mọi thiết bị khác", "signed out everywhere else"
    ),
    AuditAction.PASSWORD_LINK_CREATED: Bilingual(
        "cấp liên kết hoặc mã đặt mật khẩu", "issued a link or code to set a password"
    ),
    AuditAction.PASSWORD_LINK_REFUSED: Bilingual(
        "thư có liên kết đặt mật khẩu bị từ chối", "an e-mail with a link to set a password bounced"
    ),
    AuditAction.API_KEY_CREATED: Bilingual("tạo khóa API", "created an API key"),
    AuditAction.API_KEY_REVOKED: Bilingual("thu hồi khóa API", "revoked an API key"),
    AuditAction.CALENDAR_LINK_CREATED: Bilingual(
        "tạo liên kết lịch hạn gửi", "created a calendar link"
    ),
    AuditAction.CALENDAR_LINK_REVOKED: Bilingual(
        "thu hồi liên kết lịch hạn gửi", "revoked a calendar link"
    ),
    AuditAction.WEBHOOK_CREATED: Bilingual("tạo cổng nhận tin", "created a webhook"),
    AuditAction.WEBHOOK_CHANGED: Bilingual("sửa cổng nhận tin", "changed a webhook"),
    AuditAction.WEBHOOK_DELETED: Bilingual("xóa cổng nhận tin", "deleted a webhook"),
    AuditAction.NOTIFICATION_PREFERENCE_PUT: Bilingual(
        "đổi cài đặt thông báo", "changed notification preferences"
    ),
    AuditAction.PROGRAMME_LOADED: Bilingual("nạp chương trình", "loaded a programme"),
    AuditAction.PLAN_LOADED: Bilingual("nạp kế hoạch", "loaded a plan"),
    AuditAction.PLAN_IMPORT_FAILED: Bilingual(
        "nạp kế hoạch không thành công", "failed to load a plan"
    ),
    AuditAction.PLAN_CHANGED: Bilingual("sửa kế hoạch", "changed a plan"),
    AuditAction.TARGET_CHANGED: Bilingual("đặt mục tiêu", "set a target"),
    AuditAction.AGENCY_CREATED: Bilingual("thêm cơ quan, đơn vị", "created an agency"),
    AuditAction.AGENCY_CHANGED: Bilingual("sửa cơ quan, đơn vị", "changed an agency"),
    AuditAction.REORGANISATION_ENTERED: Bilingual(
        "nhập đợt sắp xếp đơn vị hành chính", "entered a reorganisation"
    ),
    AuditAction.REORGANISATION_APPLIED: Bilingual(
        "áp dụng đợt sắp xếp đơn vị hành chính", "applied a reorganisation"
    ),
    AuditAction.PROJECT_CREATED: Bilingual("thêm dự án", "created a project"),
    AuditAction.PROJECT_CHANGED: Bilingual("sửa dự án", "changed a project"),
    AuditAction.ASSIGNMENT_CREATED: Bilingual("phân công", "assigned an agency"),
    AuditAction.ASSIGNMENT_CHANGED: Bilingual("sửa phân công", "changed an assignment"),
    AuditAction.ASSIGNMENT_DELETED: Bilingual("xóa phân công", "deleted an assignment"),
    AuditAction.INDICATOR_CREATED: Bilingual("thêm chỉ tiêu", "created an indicator"),
    AuditAction.INDICATOR_CHANGED: Bilingual("sửa chỉ tiêu", "changed an indicator"),
    AuditAction.BUDGET_LINE_CREATED: Bilingual("thêm khoản vốn", "created a budget line"),
    AuditAction.BUDGET_LINE_CHANGED: Bilingual("sửa khoản vốn", "changed a budget line"),
    AuditAction.BUDGET_LINE_DELETED: Bilingual("xóa khoản vốn", "deleted a budget line"),
    AuditAction.SCHEDULE_CHANGED: Bilingual("sửa chế độ báo cáo", "changed a schedule"),
    AuditAction.REPORTING_PERIODS_GENERATED: Bilingual(
        "lập kỳ báo cáo", "generated reporting periods"
    ),
    AuditAction.REPORTING_PERIOD_OPENED: Bilingual("mở kỳ báo cáo", "opened a reporting period"),
    AuditAction.REPORTING_PERIOD_CLOSED: Bilingual("khóa kỳ báo cáo", "closed a reporting period"),
    AuditAction.REPORTING_PERIOD_EXEMPTED: Bilingual(
        "miễn báo cáo cả kỳ", "exempted all agencies from a period"
    ),
    AuditAction.REPORTING_PERIOD_EXEMPTION_ENDED: Bilingual(
        "bỏ miễn báo cáo cả kỳ", "ended the exemption of a period"
    ),
    AuditAction.REPORTING_PERIOD_MOVED: Bilingual(
        "dời hạn kỳ báo cáo", "moved the due date of a period"
    ),
    AuditAction.WORKING_DAY_PUT: Bilingual(
        "đặt ngày nghỉ bù, làm bù", "set an exception of the calendar"
    ),
    AuditAction.WORKING_DAY_REMOVED: Bilingual(
        "xóa ngày nghỉ bù, làm bù", "removed an exception of the calendar"
    ),
    AuditAction.OBLIGATION_EXTENDED: Bilingual("gia hạn", "extended an obligation"),
    AuditAction.OBLIGATION_EXEMPTED: Bilingual("miễn báo cáo", "exempted an obligation"),
    AuditAction.OBLIGATION_EXEMPTION_ENDED: Bilingual("bỏ miễn báo cáo", "ended an exemption"),
    AuditAction.OBLIGATION_REMINDED: Bilingual("nhắc trực tiếp", "sent a reminder by hand"),
    AuditAction.REMINDER_RULE_CREATED: Bilingual("thêm quy tắc nhắc", "created a reminder rule"),
    AuditAction.REMINDER_RULE_CHANGED: Bilingual("sửa quy tắc nhắc", "changed a reminder rule"),
    AuditAction.REMINDER_RULE_DELETED: Bilingual("xóa quy tắc nhắc", "deleted a reminder rule"),
    AuditAction.REPORT_DRAFT_SAVED: Bilingual("bắt đầu soạn dự thảo báo cáo", "began a draft"),
    AuditAction.REPORT_SUBMITTED: Bilingual("gửi báo cáo", "submitted a report"),
    AuditAction.REPORT_SEALED: Bilingual(
        "niêm phong bản gửi có từ trước", "sealed an earlier revision"
    ),
    AuditAction.REPORT_OPENED: Bilingual("mở xem báo cáo đã gửi", "opened a submitted report"),
    AuditAction.REPORT_RECALLED: Bilingual("rút lại báo cáo", "recalled a report"),
    AuditAction.REPORT_RETURNED: Bilingual("trả lại báo cáo", "returned a report"),
    AuditAction.REPORT_ACCEPTED: Bilingual("duyệt báo cáo", "accepted a report"),
    AuditAction.REPORT_REOPENED: Bilingual("mở lại báo cáo", "reopened a report"),
    AuditAction.MESSAGES_HELD: Bilingual("tạm giữ thông báo", "held the messages"),
    AuditAction.MESSAGES_RELEASED: Bilingual("cho gửi thông báo", "released the messages"),
    AuditAction.MESSAGES_DROPPED: Bilingual("bỏ thông báo", "dropped messages"),
    AuditAction.DATABASE_RESTORED: Bilingual("khôi phục cơ sở dữ liệu", "restored the database"),
}
"""What was done, as in "the coordinator …"."""

P = Permission

FIELD = {
    "decimals": Bilingual("số chữ số thập phân", "decimals"),
    "formula": Bilingual("công thức", "formula"),
    "kind": Bilingual("loại", "kind"),
    "name": Bilingual("tên", "name"),
    "note": Bilingual("ghi chú", "note"),
    "parent": Bilingual("dự án cấp trên", "parent"),
    "project": Bilingual("dự án", "project"),
    "unit": Bilingual("đơn vị tính", "unit"),
}
"""The fields that define a project or an indicator."""


def name_fields(names: Iterable[str]) -> Bilingual:
    """Fields in words, in Vietnamese each with its name in the API."""
    ordered = sorted(names)
    return Bilingual(
        ", ".join(f"{FIELD[name].vi} ({name})" for name in ordered), ", ".join(ordered)
    )


OPERATION = {
    P.SELF: Bilingual("xem thông tin tài khoản đang đăng nhập", "read its own account"),
    P.SELF_WRITE: Bilingual("đổi cài đặt của tài khoản đang đăng nhập", "change its own settings"),
    P.REFERENCE_READ: Bilingual("xem kế hoạch và danh mục", "read plans and reference data"),
    P.PERIODS_READ: Bilingual("xem kỳ báo cáo", "read reporting periods"),
    P.REFERENCE_WRITE: Bilingual("sửa kế hoạch và danh mục", "change plans and reference data"),
    P.PERIODS_MANAGE: Bilingual(
        "lập, khóa và mở kỳ báo cáo", "generate, close and open reporting periods"
    ),
    P.OBLIGATIONS_READ: Bilingual("xem các báo cáo phải gửi", "read obligations"),
    P.OBLIGATIONS_MANAGE: Bilingual("gia hạn, miễn báo cáo", "extend or exempt obligations"),
    P.REPORTS_READ: Bilingual("xem báo cáo", "read reports"),
    P.REPORTS_WRITE: Bilingual("soạn và gửi báo cáo", "write and submit reports"),
    P.REPORTS_REVIEW: Bilingual("duyệt, trả lại, mở lại báo cáo", "review reports"),
    P.AGGREGATES_READ: Bilingual("xem số liệu tổng hợp", "read aggregates"),
    P.NOTIFICATIONS_READ_SENT: Bilingual("xem các thông báo đã gửi", "read sent notifications"),
    P.REMINDERS_MANAGE: Bilingual(
        "đặt quy tắc nhắc và nhắc trực tiếp",
        "manage reminder rules and send reminders",
    ),
    P.CALENDARS_MANAGE: Bilingual("tạo liên kết lịch hạn gửi", "subscribe to due-date calendars"),
    P.WEBHOOKS_MANAGE: Bilingual("quản lý cổng nhận tin (webhook)", "manage webhooks"),
    P.JOBS_READ: Bilingual("xem tác vụ nền", "read the state of background jobs"),
    P.AUDIT_READ: Bilingual("xem nhật ký thay đổi", "read audit events"),
    P.PASSWORDS_RESET: Bilingual("cấp mã đặt lại mật khẩu", "issue codes to reset passwords"),
    P.ACCOUNTS_MANAGE: Bilingual("quản lý tài khoản và khóa API", "manage accounts and API keys"),
    P.REORGANISATIONS_MANAGE: Bilingual(
        "nhập đợt sắp xếp đơn vị hành chính",
        "enter reorganisations of governments",
    ),
}
"""What a permission allows, as in "not allowed to …"."""
