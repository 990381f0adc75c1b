"""Why an operation on a report is refused, by the operation and the state of the report."""

from app.text.bilingual import Bilingual
from app.vocabulary import DecisionAction, ReportStatus

NOT_SENT_TO_ACCEPT = Bilingual(
    "Báo cáo chưa được gửi nên chưa duyệt được.",
    "The report was not submitted, so it cannot be accepted.",
)
NOT_SENT_TO_RETURN = Bilingual(
    "Báo cáo chưa được gửi nên chưa trả lại được.",
    "The report was not submitted, so it cannot be returned.",
)
NOT_SENT_TO_REOPEN = Bilingual(
    "Báo cáo chưa được gửi nên không cần mở lại.",
    "The report was not submitted, so it need not be reopened.",
)

REVIEW = {
    DecisionAction.ACCEPTED: {
        ReportStatus.NOT_STARTED: NOT_SENT_TO_ACCEPT,
        ReportStatus.DRAFT: NOT_SENT_TO_ACCEPT,
        ReportStatus.RETURNED: Bilingual(
            "Báo cáo đã trả lại để sửa, đơn vị chưa gửi lại nên chưa duyệt được.",
            "The report is returned and was not resubmitted, so it cannot be accepted.",
        ),
        ReportStatus.ACCEPTED: Bilingual(
            "Báo cáo đã được duyệt nên không duyệt lần nữa.",
            "The report is accepted, so it cannot be accepted again.",
        ),
    },
    DecisionAction.RETURNED: {
        ReportStatus.NOT_STARTED: NOT_SENT_TO_RETURN,
        ReportStatus.DRAFT: NOT_SENT_TO_RETURN,
        ReportStatus.RETURNED: Bilingual(
            "Báo cáo đã trả lại, đơn vị chưa gửi lại nên không trả lại lần nữa.",
            "The report is returned and was not resubmitted, so it cannot be returned again.",
        ),
        ReportStatus.ACCEPTED: Bilingual(
            "Báo cáo đã được duyệt nên không trả lại được; muốn đơn vị sửa thì mở lại báo cáo.",
            "The report is accepted, so it cannot be returned; reopen it for corrections.",
        ),
    },
    DecisionAction.REOPENED: {
        ReportStatus.NOT_STARTED: NOT_SENT_TO_REOPEN,
        ReportStatus.DRAFT: NOT_SENT_TO_REOPEN,
        ReportStatus.SUBMITTED: Bilingual(
            "Báo cáo chưa được duyệt nên không cần mở lại; muốn đơn vị sửa thì trả lại báo cáo.",
            "The report is not accepted, so it need not be reopened; return it for corrections.",
        ),
        ReportStatus.RETURNED: Bilingual(
            "Báo cáo đang chờ đơn vị sửa và gửi lại nên không cần mở lại.",
            "The report is returned for correction, so it need not be reopened.",
        ),
    },
}
"""Why a reviewer's decision is refused."""

EDITING = {
    ReportStatus.SUBMITTED: Bilingual(
        "Báo cáo đã gửi, đang chờ duyệt nên không sửa hay gửi thêm được; muốn sửa, đề nghị cơ quan "
        "tổng hợp trả lại.",
        "The report is submitted, so it cannot be changed or submitted again; ask the "
        "coordinating office to return it.",
    ),
    ReportStatus.ACCEPTED: Bilingual(
        "Báo cáo đã được duyệt nên không sửa hay gửi thêm được; muốn sửa, đề nghị cơ quan tổng hợp "
        "mở lại.",
        "The report is accepted, so it cannot be changed or submitted again; ask the coordinating "
        "office to reopen it.",
    ),
}
"""Why a draft cannot be saved or submitted."""
