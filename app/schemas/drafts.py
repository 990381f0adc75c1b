"""The wire format of changes of a draft, and of its check."""

from typing import Annotated, Any

from pydantic import MISSING, Field

from app.schemas.base import AsTyped, Code, Day, Input, Line, Output, Prose, examples
from app.schemas.reports import KEPT_AS_TYPED, MOST_LINES, SETTLEMENT, YEAR_END, FindingOut
from app.vocabulary import BudgetNature, BudgetOrigin, BudgetSource

PATCH: dict[str, Any] = {
    "entries": [
        {"project": "DA2", "indicator": "DA2.02", "value": 14},
        {"project": "DA2", "indicator": "DA2.02.1", "value": None},
    ],
    "narrative": {"difficulties": None},
}
FINDINGS: dict[str, Any] = {
    "findings": [
        {
            "level": "error",
            "pointer": "/entries/-",
            "code": "required_figure_missing",
            "message": "Thiếu số liệu bắt buộc DA2.05; nếu không phát sinh, ghi 0.",
            "project": "DA2",
            "indicator": "DA2.05",
        }
    ],
    "errors": 1,
    "warnings": 0,
}


class EntryPatch(Input):
    """The change of one figure; what is left out stays."""

    project: Code | None = Field(
        description="The project of the indicator; null for common indicators (KQ)."
    )
    indicator: Code = Field(description="The code of the indicator.")
    value: AsTyped | MISSING | None = Field(
        default=MISSING, description="The figure; null removes it. " + KEPT_AS_TYPED
    )
    estimate: AsTyped | MISSING | None = Field(
        default=MISSING, description="The expected figure of the whole period. " + KEPT_AS_TYPED
    )
    note: Annotated[Line | MISSING | None, Field(description="A note.")] = MISSING
    actual_to: Day | MISSING | None = Field(
        default=MISSING, description="The day to which the figure is true."
    )


class DisbursementPatch(Input):
    """The change of one amount; what is left out stays."""

    project: Code = Field(description="The code of the project.")
    source: BudgetSource = Field(description="The source of the money.")
    origin: BudgetOrigin = Field(description="Whether the money is from this year or carried over.")
    nature: BudgetNature | MISSING | None = Field(
        default=MISSING,
        description="Whether the money is for development investment or recurrent expenditure; "
        "without it that of the plan's money of this project, source and origin.",
    )
    amount_vnd: AsTyped | MISSING | None = Field(
        default=MISSING,
        description="What the agency itself has spent since 1 January, in VND; null removes the "
        "line. " + KEPT_AS_TYPED,
    )
    estimate_year_end_vnd: AsTyped | MISSING | None = Field(
        default=MISSING, description=f"{YEAR_END} {KEPT_AS_TYPED}"
    )
    estimate_settlement_vnd: AsTyped | MISSING | None = Field(
        default=MISSING, description=f"{SETTLEMENT} {KEPT_AS_TYPED}"
    )


class NarrativePatch(Input):
    """Changes of the report in words; what is left out stays."""

    results: Prose | MISSING | None = Field(default=MISSING, description="Results.")
    difficulties: Prose | MISSING | None = Field(default=MISSING, description="Difficulties.")
    proposals: Prose | MISSING | None = Field(default=MISSING, description="Proposals, if any.")


class DraftPatch(Input):
    """Changes of single figures, amounts and texts of a draft."""

    model_config = examples(PATCH)

    entries: list[EntryPatch] = Field(
        default_factory=list,
        max_length=MOST_LINES,
        description="The changed figures, by their indicators.",
    )
    disbursements: list[DisbursementPatch] = Field(
        default_factory=list,
        max_length=MOST_LINES,
        description="The changed amounts, by project, source, origin and nature.",
    )
    narrative: NarrativePatch = Field(default=NarrativePatch(), description="The changed texts.")
    nil_sections: Annotated[list[Code], Field(max_length=100)] | MISSING = Field(
        default=MISSING,
        description="All projects in which nothing happened; their figures stay as they are.",
    )


class NilAnswer(Input):
    """The answer that nothing happened, for some sections or for the whole report."""

    model_config = examples({"sections": ["DA2"]})

    sections: Annotated[list[Code], Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="The codes of the projects in which nothing happened; without it all of the "
        "report, with the figures that belong to no project.",
    )


class FindingsOut(Output):
    """What the rules for reports find in a draft or a body."""

    model_config = examples(FINDINGS)

    findings: list[FindingOut] = Field(
        description="Errors first, then warnings, each in the order of the form."
    )
    errors: int = Field(description="How many errors there are; each prevents the submission.")
    warnings: int = Field(description="How many warnings there are; a note has to explain them.")
