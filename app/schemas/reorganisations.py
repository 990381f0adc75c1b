"""The wire format of reorganisations."""

from datetime import date
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.schemas.base import (
    Code,
    Day,
    Flag,
    Input,
    Instant,
    Line,
    Name,
    NewCode,
    Output,
    Version,
    examples,
)
from app.vocabulary import AgencyKind, ReorganisationState, ReportStatus, Role

DOCUMENT: dict[str, Any] = {
    "number": "1686/NQ-UBTVQH15",
    "issued_on": "2025-06-16",
    "issuer": "Ủy ban Thường vụ Quốc hội",
    "subject": "Sắp xếp các đơn vị hành chính cấp xã của tỉnh Thanh Hóa năm 2025",
}
MERGER: dict[str, Any] = {
    "from": ["15574", "15571", "15577"],
    "to": [{"code": "15574", "name": "Xã Xuân Tín", "kind": "commune", "parent": "38"}],
    "whole": True,
    "taken_over_by": None,
}
ENTERED: dict[str, Any] = {
    "effective_on": "2025-07-01",
    "document": DOCUMENT,
    "changes": [MERGER],
}
EFFECTS: dict[str, Any] = {
    "ended": [
        {
            "code": "15571",
            "name": "Xã Quảng Phú",
            "kind": "commune",
            "successors": ["15574"],
            "whole": True,
        }
    ],
    "created": [
        {"code": "15574", "name": "Xã Xuân Tín", "kind": "commune", "parent": "38"},
    ],
    "continued": [],
    "obligations": [
        {
            "plan": "tho-xuan-2024",
            "period": "2025-Q3",
            "agency": "15571",
            "agency_name": "Xã Quảng Phú",
            "report_status": "draft",
            "successors": ["15574"],
        }
    ],
    "still_owed": [],
    "accounts": [{"username": "quang-phu", "role": "reporter", "agency": "15571"}],
    "api_keys": [],
    "plans": [
        {
            "plan": "tho-xuan-2024",
            "schedules": ["half-yearly", "quarterly", "yearly"],
            "taken_over_by": None,
        }
    ],
}
REORGANISATION: dict[str, Any] = {
    "id": 1,
    **ENTERED,
    "state": "applied",
    "entered_at": "2025-06-20T09:00:00+07:00",
    "entered_by": "admin",
    "applied_at": "2025-07-01T00:00:30+07:00",
    "version": 2,
}


class DocumentIn(Input):
    """The legal document that orders a reorganisation."""

    number: Line = Field(description="The number of the document.")
    issued_on: Day | None = Field(default=None, description="The day on which it was issued.")
    issuer: Line = Field(description="The issuing body.")
    subject: Line = Field(description="The subject (trích yếu).")


class UnitIn(Input):
    """An agency after the reorganisation: a new one, or one that continues."""

    code: NewCode = Field(description="The code from `effective_on`; an ended agency's is reused.")
    name: Name | None = Field(
        default=None, description="The name; required for a new agency. null: unchanged."
    )
    kind: AgencyKind | None = Field(
        default=None, description="The kind; required for a new agency. null: unchanged."
    )
    parent: Code | None = Field(
        default=None,
        description="The code of the superior agency from `effective_on`; required for a new "
        "agency. null: unchanged.",
    )


class ChangeIn(Input):
    """Agencies that become others: a merger, a division, a new name, code or parent, or an end.

    An agency in `from` ends, unless it is the only one and `to` names its code alone: then it
    continues with a new name, kind or parent. An agency in `to` whose code is in use, and which
    does not end, continues and takes in the others.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    sources: Annotated[list[Code], Field(min_length=1, max_length=200)] = Field(
        alias="from", description="The codes of the agencies on the day before `effective_on`."
    )
    to: Annotated[list[UnitIn], Field(max_length=50)] = Field(
        default_factory=list, description="The successors; none where the agencies just end."
    )
    whole: Flag = Field(
        default=True,
        description="Whether each agency goes wholly into the one successor. Figures of a "
        "divided agency are never regrouped.",
    )
    taken_over_by: Code | None = Field(
        default=None,
        description="The code of the government that manages the plans of the agencies from "
        "`effective_on`; required where one of them manages a plan.",
    )


class ReorganisationIn(Input):
    """A reorganisation of governments by a legal document (sắp xếp đơn vị hành chính)."""

    model_config = examples(ENTERED)

    effective_on: Day = Field(description="The first day of the new governments.")
    document: DocumentIn = Field(description="The legal document.")
    changes: Annotated[list[ChangeIn], Field(min_length=1, max_length=1000)] = Field(
        description="What changes."
    )


class DocumentOut(Output):
    """The legal document that orders a reorganisation."""

    number: str = Field(description="The number of the document.")
    issued_on: date | None = Field(description="The day on which it was issued.")
    issuer: str = Field(description="The issuing body.")
    subject: str = Field(description="The subject (trích yếu).")


class UnitOut(Output):
    """An agency after the reorganisation."""

    code: str = Field(description="The code.")
    name: str | None = Field(description="The name; null: unchanged.")
    kind: AgencyKind | None = Field(description="The kind; null: unchanged.")
    parent: str | None = Field(description="The code of the superior agency; null: unchanged.")


class ChangeOut(Output):
    """Agencies that become others."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    sources: list[str] = Field(alias="from", description="The codes on the day before.")
    to: list[UnitOut] = Field(description="The successors.")
    whole: bool = Field(description="Whether each agency goes wholly into the one successor.")
    taken_over_by: str | None = Field(
        description="The code of the government that manages the plans of the agencies."
    )


class EndedAgency(Output):
    """An agency that ends."""

    code: str = Field(description="The code until then.")
    name: str = Field(description="The name.")
    kind: AgencyKind = Field(description="The kind.")
    successors: list[str] = Field(description="The codes of the successors; none if it just ends.")
    whole: bool = Field(description="Whether one successor takes all of it; false if divided.")


class ObligationOfEnded(Output):
    """An obligation of an agency that ends."""

    plan: str = Field(description="The code of the plan.")
    period: str = Field(description="The code of the period.")
    agency: str = Field(description="The code of the agency that ends.")
    agency_name: str = Field(description="Its name.")
    report_status: ReportStatus = Field(description="The state of its report, which it keeps.")
    successors: list[str] = Field(description="The codes of the agencies that report instead.")


class AccountOfEnded(Output):
    """An active account of an agency that ends: it can read but no longer write."""

    username: str = Field(description="The user name.")
    role: Role = Field(description="The role.")
    agency: str = Field(description="The code of the agency that ends.")


class ApiKeyOfEnded(Output):
    """An API key of an agency that ends: it stops working."""

    id: int = Field(description="The id of the API key.")
    name: str = Field(description="Its name.")
    agency: str = Field(description="The code of the agency that ends.")


class TouchedPlan(Output):
    """A plan that an agency that ends manages or reports to."""

    plan: str = Field(description="The code of the plan.")
    schedules: list[str] = Field(
        description="The codes of the schedules to which the successors are added as reporters."
    )
    taken_over_by: str | None = Field(
        description="The code of the government that takes the plan over; null: no change."
    )


class Effects(Output):
    """What a reorganisation does, or did."""

    model_config = examples(EFFECTS)

    ended: list[EndedAgency] = Field(
        description="The agencies that end, with the offices of governments that end."
    )
    created: list[UnitOut] = Field(description="The new agencies.")
    continued: list[UnitOut] = Field(description="The agencies that continue with changes.")
    obligations: list[ObligationOfEnded] = Field(
        description="The obligations that move to successors: those of periods whose data window "
        "ends on or after `effective_on`."
    )
    still_owed: list[ObligationOfEnded] = Field(
        description="The missing reports of earlier periods. They stay under the old name; the "
        "reporters of the successor of a whole merger may submit them."
    )
    accounts: list[AccountOfEnded] = Field(description="The accounts that lose their agency.")
    api_keys: list[ApiKeyOfEnded] = Field(description="The API keys that end.")
    plans: list[TouchedPlan] = Field(description="The plans that it touches.")


class ReorganisationOut(Output):
    """A reorganisation of governments."""

    model_config = examples(REORGANISATION)

    id: int | None = Field(description="The id; null in a preview.")
    effective_on: date = Field(description="The first day of the new governments.")
    document: DocumentOut = Field(description="The legal document.")
    changes: list[ChangeOut] = Field(description="What changes.")
    state: ReorganisationState = Field(description="The state.")
    entered_at: Instant | None = Field(description="When it was entered; null in a preview.")
    entered_by: str | None = Field(description="Who entered it; null in a preview.")
    applied_at: Instant | None = Field(description="When it was applied; null: not yet.")
    version: Version


class ReorganisationWithEffects(ReorganisationOut):
    """A reorganisation with its effects."""

    model_config = examples(REORGANISATION | {"effects": EFFECTS})

    effects: Effects | None = Field(
        description="What it did, or, before it is applied, what it would do now; null: the "
        "agencies have changed so that it cannot be applied."
    )
