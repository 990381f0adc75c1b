"""The wire format of reports: the body that an agency writes, and what it gets back."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from app.schemas.base import (
    Amount,
    AsTyped,
    Code,
    Day,
    Figure,
    Input,
    Instant,
    InstantIn,
    Line,
    Output,
    Prose,
    Reason,
    SchemaOf,
    examples,
)
from app.schemas.obligations import EXAMPLE as OBLIGATION
from app.schemas.obligations import ObligationOut
from app.schemas.report_forms import EXPECTED, ExpectedLine
from app.schemas.review import Comment
from app.vocabulary import (
    BudgetNature,
    BudgetOrigin,
    BudgetSource,
    DecisionAction,
    FindingCode,
    FindingLevel,
    ReportStatus,
)

MOST_LINES = 500
KEPT_AS_TYPED = (
    "What is no valid number is kept as it was typed, as text or as a number, and has a finding. "
    "Text is never read as a number."
)

YEAR_END = "What will have been spent up to 31 December, in VND; only in the annual report."
SETTLEMENT = (
    "What will have been spent up to 31 January of the next year, when the year's money is "
    "settled, in VND; only in the annual report."
)


def is_absent(value: object) -> bool:
    """Whether an optional field is not given; then a body does not contain it.

    Bodies of earlier versions lack these fields, and their fingerprints must stay the same.
    """
    return value is None


def is_empty(value: object) -> bool:
    """Whether an optional list has nothing; then a body does not contain it either."""
    return not value


DifferenceField = Literal[
    "value",
    "estimate",
    "actual_to",
    "note",
    "amount_vnd",
    "estimate_year_end_vnd",
    "estimate_settlement_vnd",
    "results",
    "difficulties",
    "proposals",
    "nil",
]
CarriedFrom = Annotated[
    Annotated[str, Field(pattern=r"^[0-9]{4}-(Q[1-4]|H[12]|Y)$")] | None,
    Field(
        description="The code of the period from whose report the figure was taken over unchanged; "
        "a warning asks to confirm it.",
        exclude_if=is_absent,
    ),
]
NilSections = Annotated[
    list[Code],
    Field(
        default_factory=list,
        max_length=100,
        description="The codes of the projects in which nothing happened (không phát sinh).",
        exclude_if=is_empty,
    ),
]

BODY: dict[str, Any] = {
    "entries": [
        {"project": "DA2", "indicator": "DA2.02", "value": 12, "estimate": 20, "note": None},
        {"project": "DA2", "indicator": "DA2.02.1", "value": 9, "estimate": None, "note": None},
    ],
    "disbursements": [
        {
            "project": "DA2",
            "source": "central",
            "origin": "current_year",
            "amount_vnd": 350000000,
        }
    ],
    "narrative": {
        "results": "Đã triển khai 01 mô hình nuôi bò sinh sản cho 12 hộ.",
        "difficulties": "Giá con giống tăng.",
        "proposals": None,
    },
}

DRAFT: dict[str, Any] = BODY | {
    "entries": [
        {"project": "DA2", "indicator": "DA2.02", "value": "1.234,5", "estimate": 20, "note": None}
    ]
}


class DraftEntry(Input):
    """One indicator's figure as it was typed; `estimate` is the whole period's expected one."""

    project: Code | None = Field(
        description="The project of the indicator; null for common indicators (KQ)."
    )
    indicator: Code = Field(description="The code of the indicator.")
    value: AsTyped = Field(
        description="The figure of the data window; 0 if there is nothing to report. "
        + KEPT_AS_TYPED
    )
    estimate: AsTyped | None = Field(
        None,
        description="The expected figure of the whole period (ước thực hiện). " + KEPT_AS_TYPED,
    )
    note: Annotated[Line | None, Field(description="A note.")] = None
    actual_to: Day | None = Field(
        None,
        description="The day to which the figure is true, within the data window; without it the "
        "last day of the window. An earlier day leaves the rest of the period to `estimate`.",
        exclude_if=is_absent,
    )
    carried_from: CarriedFrom = None


class DraftDisbursement(Input):
    """Money that the agency itself has spent since 1 January, as it was typed."""

    project: Code = Field(description="The code of the project.")
    source: BudgetSource = Field(description="The source of the money.")
    origin: BudgetOrigin = Field(description="Whether the money is from this year or carried over.")
    nature: BudgetNature | None = Field(
        None,
        description="Whether the money is for development investment or recurrent expenditure; "
        "without it that of the plan's money of this project, source and origin. Required where "
        "that has several.",
        exclude_if=is_absent,
    )
    amount_vnd: AsTyped = Field(
        description="What the agency itself has spent since 1 January, in VND. " + KEPT_AS_TYPED
    )
    estimate_year_end_vnd: AsTyped | None = Field(
        None, description=f"{YEAR_END} {KEPT_AS_TYPED}", exclude_if=is_absent
    )
    estimate_settlement_vnd: AsTyped | None = Field(
        None, description=f"{SETTLEMENT} {KEPT_AS_TYPED}", exclude_if=is_absent
    )
    carried_from: CarriedFrom = None


class Narrative(Input):
    """The report in words."""

    results: Prose | None = Field(None, description="Results.")
    difficulties: Prose | None = Field(None, description="Difficulties.")
    proposals: Prose | None = Field(None, description="Proposals, if any.")


class Entry(DraftEntry):
    """One indicator's figure; `estimate` is the whole period's expected one (ước thực hiện)."""

    value: Figure = Field(
        description="The figure of the data window, with at most 2 decimals; 0 if there is "
        "nothing to report."
    )
    estimate: Figure | None = Field(
        None,
        description="The expected figure of the whole period (ước thực hiện), with at most 2 "
        "decimals.",
    )


class Disbursement(DraftDisbursement):
    """Money that the agency itself has spent since 1 January, up to the window's last day."""

    amount_vnd: Amount = Field(
        description="What the agency itself has spent since 1 January, in VND."
    )
    estimate_year_end_vnd: Amount | None = Field(None, description=YEAR_END, exclude_if=is_absent)
    estimate_settlement_vnd: Amount | None = Field(
        None, description=SETTLEMENT, exclude_if=is_absent
    )


class DraftBody(Input):
    """The working copy of a report: it may be incomplete, and keeps figures as they were typed."""

    model_config = examples(DRAFT, BODY)

    entries: list[DraftEntry] = Field(
        default_factory=list, max_length=MOST_LINES, description="The figures of indicators."
    )
    disbursements: list[DraftDisbursement] = Field(
        default_factory=list, max_length=MOST_LINES, description="The amounts that were spent."
    )
    narrative: Narrative = Field(default=Narrative(), description="The report in words.")
    nil_sections: NilSections


class ReportBody(Input):
    """What a report says: figures, money, words."""

    model_config = examples(BODY)

    entries: list[Entry] = Field(
        default_factory=list, max_length=MOST_LINES, description="The figures of indicators."
    )
    disbursements: list[Disbursement] = Field(
        default_factory=list, max_length=MOST_LINES, description="The amounts that were spent."
    )
    narrative: Narrative = Field(default=Narrative(), description="The report in words.")
    nil_sections: NilSections


class Submission(Input):
    """What is said when sending: a note where there are warnings, the instant for paper."""

    model_config = examples({"warnings_note": None})

    warnings_note: Reason | None = Field(
        default=None, description="The explanation of the warnings."
    )
    received_at: InstantIn | None = Field(
        None,
        description="When the paper report was received; only if the coordinating office "
        "enters one.",
    )


class FindingOut(Output):
    """What an error or a warning says of one place in the draft."""

    level: FindingLevel = Field(description="Whether it prevents the submission.")
    pointer: str = Field(
        description="JSON pointer into the body. `/entries/-` is where a missing figure is to be "
        "entered; `project` and `indicator` name it."
    )
    code: FindingCode = Field(description="The code.")
    message: str = Field(description="The text for people, in the language of `Accept-Language`.")
    project: str | None = Field(description="The code of the project.")
    indicator: str | None = Field(description="The code of the indicator.")


REVISION: dict[str, Any] = {
    "number": 1,
    "submitted_at": "2024-06-15T16:40:00+07:00",
    "received_at": "2024-06-15T16:40:00+07:00",
    "submitted_by": "xuan-hong",
    "warnings_note": None,
    "body": BODY,
    "fingerprint": "5f0c1b2e0a8c1d6b7e7d1f7d3c8c6b1f5f0c1b2e0a8c1d6b7e7d1f7d3c8c6b1f",
}


class RevisionOut(Output):
    """One sent version (bản gửi); it never changes."""

    model_config = examples(REVISION)

    number: int = Field(description="The number of the revision, from 1.")
    submitted_at: Instant = Field(description="When it was submitted.")
    received_at: Instant = Field(
        description="When it was received; of a paper report, when the paper was."
    )
    submitted_by: str = Field(description="The user name of the sender.")
    warnings_note: str | None = Field(description="The explanation of the warnings.")
    body: Annotated[dict[str, Any], SchemaOf(ReportBody)] = Field(description="What was submitted.")
    fingerprint: str = Field(description="SHA-256 of the body as canonical JSON.")


class DifferenceOut(Output):
    """One field that two revisions give differently."""

    pointer: str | None = Field(
        description="JSON pointer to the field in the body of revision `number`; null where it "
        "does not have the line any more."
    )
    field: DifferenceField = Field(
        description="The field; `nil` says whether the section was answered with nothing to report."
    )
    project: str | None = Field(description="The code of the project.")
    indicator: str | None = Field(description="The code of the indicator.")
    source: BudgetSource | None = Field(description="The source of the money.")
    origin: BudgetOrigin | None = Field(description="Whether it is of this year or carried over.")
    nature: BudgetNature | None = Field(description="The nature of the money, if it was stated.")
    before: int | float | bool | str | None = Field(
        description="The value in revision `from_number`; null where it does not give one."
    )
    after: int | float | bool | str | None = Field(
        description="The value in revision `number`; null where it does not give one."
    )


class DifferencesOut(Output):
    """The differences between two revisions of a report."""

    model_config = examples(
        {
            "from_number": 1,
            "number": 2,
            "differences": [
                {
                    "pointer": "/entries/0/value",
                    "field": "value",
                    "project": "DA2",
                    "indicator": "DA2.02",
                    "source": None,
                    "origin": None,
                    "nature": None,
                    "before": 12,
                    "after": 11,
                }
            ],
        }
    )

    from_number: int = Field(description="The number of the revision that is compared with.")
    number: int = Field(description="The number of the revision.")
    differences: list[DifferenceOut] = Field(
        description="The fields that differ: figures, money, words, then sections."
    )


class DecisionOut(Output):
    """What the reviewer decided."""

    action: DecisionAction = Field(description="The decision.")
    revision: int = Field(description="The number of the revision.")
    reason: str | None = Field(description="The reason.")
    comments: list[Comment] = Field(description="Comments on places in the body.")
    correction_due: date | None = Field(
        description="The day by which a returned report is due again."
    )
    decided_by: str = Field(description="The user name of the reviewer.")
    at: Instant = Field(description="The instant.")


class PredecessorReport(Output):
    """The report of an agency that was merged into this one within the period."""

    agency: str = Field(description="The code that the agency had.")
    agency_name: str = Field(description="The name of the agency.")
    report_status: ReportStatus = Field(description="The state of its report.")
    first_submitted_at: Instant | None = Field(
        description="When it was first submitted; null: not yet."
    )
    draft: Annotated[dict[str, Any], SchemaOf(DraftBody)] | None = Field(
        description="Its draft that was not submitted, for who may read it; null for others. "
        "Nothing of it is taken over by itself."
    )
    draft_saved_at: Instant | None = Field(description="When the draft was saved.")
    last_revision: RevisionOut | None = Field(description="Its last revision.")


class ReportOut(ObligationOut):
    """A report with its obligation, what is expected, the draft, and the last revision."""

    model_config = examples(
        OBLIGATION
        | {
            "report_status": "draft",
            "expected": [EXPECTED],
            "draft": BODY,
            "draft_saved_at": "2024-06-10T09:12:00+07:00",
            "draft_saved_by": "xuan-hong",
            "last_revision": None,
            "can_recall": False,
            "opened_at": None,
            "decisions": [],
            "predecessor_reports": [],
            "findings": [
                {
                    "level": "error",
                    "pointer": "/entries/-",
                    "code": "required_figure_missing",
                    "message": "Thiếu “Số hộ tham gia” (DA2.05); nếu không phát sinh, ghi 0.",
                    "project": "DA2",
                    "indicator": "DA2.05",
                }
            ],
        }
    )

    expected: list[ExpectedLine] = Field(
        description="The figures that the agency may give, or has to."
    )
    draft: Annotated[dict[str, Any], SchemaOf(DraftBody)] | None = Field(
        description="The draft that is not submitted, for its agency and for who typed it (a "
        "paper report); null for others."
    )
    draft_saved_at: Instant | None = Field(
        description="When the draft was saved, for all who can read the report."
    )
    draft_saved_by: str | None = Field(description="The user name of who saved the draft.")
    last_revision: RevisionOut | None = Field(description="The last revision.")
    can_recall: bool = Field(
        description="Whether the sender can recall it now: it is submitted, no reviewer has opened "
        "it, and it could be submitted again."
    )
    opened_at: Instant | None = Field(
        description="When a reviewer first opened the last revision; null: not yet."
    )
    decisions: list[DecisionOut] = Field(
        description="The decisions of the reviewers, the first one first."
    )
    predecessor_reports: list[PredecessorReport] = Field(
        description="The reports for this period of the agencies that a reorganisation merged into "
        "this one within it."
    )
    findings: list[FindingOut] = Field(
        description="What is wrong or doubtful in the draft; empty for callers who cannot read it."
    )
