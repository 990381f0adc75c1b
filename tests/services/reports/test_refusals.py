"""Every operation that a state refuses says which and why."""

from app.services.reports.refusals import EDITING, REVIEW
from app.services.reports.working_copy import EDITABLE
from app.vocabulary import DecisionAction, ReportStatus

REVIEWABLE = {
    DecisionAction.ACCEPTED: ReportStatus.SUBMITTED,
    DecisionAction.RETURNED: ReportStatus.SUBMITTED,
    DecisionAction.REOPENED: ReportStatus.ACCEPTED,
}


def test_each_other_state_has_a_text() -> None:
    for action, needed in REVIEWABLE.items():
        assert REVIEW[action].keys() == set(ReportStatus) - {needed}
    assert EDITING.keys() == set(ReportStatus) - EDITABLE
