"""Names of resources, states and operations in messages, in Vietnamese and English."""

from app.policy import Permission
from app.text.bilingual import Bilingual
from app.vocabulary import Channel, Frequency, ReportStatus, Role

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
BUDGET_LINE = Bilingual("dòng vốn {id!s}", "budget line {id!s}")
INDICATOR = Bilingual("chỉ tiêu {code}", "indicator {code}")
REPORT = Bilingual(
    "báo cáo kỳ {period} của đơn vị {agency}", "report of agency {agency} for {period}"
)
REVISION = Bilingual("bản gửi số {number!s}", "revision {number!s}")
REMINDER_RULE = Bilingual("quy tắc nhắc {code}", "reminder rule {code}")
MESSAGE = Bilingual("thông báo {id!s}", "notification {id!s}")
WEBHOOK = Bilingual("webhook {id!s}", "webhook {id!s}")
WORKING_DAY = Bilingual("ngày hoán đổi {day}", "calendar exception on {day}")
PREFERENCES = Bilingual(
    "trang cài đặt thông báo của liên kết này", "notification settings page for this link"
)
CALENDAR = Bilingual("lịch này", "such calendar")
CALENDAR_LINK = Bilingual("lịch đăng ký {id!s}", "calendar link {id!s}")
ACCOUNT = Bilingual("tài khoản {username}", "account {username}")
API_KEY = Bilingual("khóa API {id!s}", "API key {id!s}")
REORGANISATION = Bilingual("đợt sắp xếp {id!s}", "reorganisation {id!s}")

STATUS = {
    ReportStatus.NOT_STARTED: Bilingual("chưa bắt đầu", "not started"),
    ReportStatus.DRAFT: Bilingual("bản nháp", "a draft"),
    ReportStatus.SUBMITTED: Bilingual("đã gửi", "submitted"),
    ReportStatus.RETURNED: Bilingual("trả lại", "returned"),
    ReportStatus.ACCEPTED: Bilingual("đã duyệt", "accepted"),
}
"""The status of a report, as in "the report is …"."""

FREQUENCY = {
    Frequency.QUARTER: Bilingual("hằng quý", "quarterly"),
    Frequency.HALF_YEAR: Bilingual("6 tháng", "half-yearly"),
    Frequency.YEAR: Bilingual("hằng năm", "yearly"),
}

ROLE = {
    Role.REPORTER: Bilingual("người báo cáo", "reporter"),
    Role.COORDINATOR: Bilingual("cán bộ tổng hợp", "coordinator"),
    Role.VIEWER: Bilingual("người theo dõi", "viewer"),
    Role.ADMIN: Bilingual("quản trị", "admin"),
}

CHANNEL = {
    Channel.EMAIL: Bilingual("thư điện tử", "e-mail"),
    Channel.WEBHOOK: Bilingual("cổng nhận tin", "webhook"),
    Channel.IN_APP: Bilingual("trong ứng dụng", "in the application"),
}

P = Permission

OPERATION = {
    P.SELF: Bilingual("xem thông tin của chính mình", "read its own account"),
    P.SELF_WRITE: Bilingual("đổi thiết lập của chính mình", "change its own settings"),
    P.REFERENCE_READ: Bilingual("xem kế hoạch và danh mục", "read plans and reference data"),
    P.REFERENCE_WRITE: Bilingual("sửa kế hoạch và danh mục", "change plans and reference data"),
    P.PERIODS_MANAGE: Bilingual(
        "lập, khóa và mở kỳ báo cáo", "generate, close and open reporting periods"
    ),
    P.OBLIGATIONS_READ: Bilingual("xem nghĩa vụ báo cáo", "read obligations"),
    P.OBLIGATIONS_MANAGE: Bilingual("gia hạn, miễn báo cáo", "extend or exempt obligations"),
    P.REPORTS_READ: Bilingual("xem báo cáo", "read reports"),
    P.REPORTS_WRITE: Bilingual("soạn và gửi báo cáo", "write and submit reports"),
    P.REPORTS_REVIEW: Bilingual("duyệt, trả lại, mở lại báo cáo", "review reports"),
    P.AGGREGATES_READ: Bilingual("xem số liệu tổng hợp", "read aggregates"),
    P.NOTIFICATIONS_READ_SENT: Bilingual("xem các thông báo đã gửi", "read sent notifications"),
    P.REMINDERS_MANAGE: Bilingual(
        "đặt quy tắc nhắc và nhắc tay", "manage reminder rules and send reminders"
    ),
    P.CALENDARS_MANAGE: Bilingual("đăng ký lịch hạn gửi", "subscribe to due-date calendars"),
    P.WEBHOOKS_MANAGE: Bilingual("quản lý cổng nhận tin (webhook)", "manage webhooks"),
    P.JOBS_READ: Bilingual("xem công việc nền", "read the state of background jobs"),
    P.AUDIT_READ: Bilingual("xem nhật ký thay đổi", "read audit events"),
    P.ACCOUNTS_MANAGE: Bilingual("quản lý tài khoản và khóa API", "manage accounts and API keys"),
    P.REORGANISATIONS_MANAGE: Bilingual(
        "sắp xếp đơn vị hành chính", "enter reorganisations of governments"
    ),
}
"""What a permission allows, as in "not allowed to …"."""
