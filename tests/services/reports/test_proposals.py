"""What a form shows beside a figure."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from app.clock import LOCAL
from app.services.reports.proposals import Beside, EarlierFigure, FormPeriod, Proposal, beside
from app.vocabulary import Frequency, IndicatorKind, ProposalRule, ReportStatus

DAYS = {
    "2023-Y": (date(2023, 12, 14), datetime(2023, 12, 11, tzinfo=LOCAL)),
    "2023-Q4": (date(2023, 12, 14), datetime(2023, 12, 16, tzinfo=LOCAL)),
    "2024-Q1": (date(2024, 3, 14), datetime(2024, 3, 16, tzinfo=LOCAL)),
    "2024-Q2": (date(2024, 6, 14), datetime(2024, 6, 16, tzinfo=LOCAL)),
}
FREQUENCIES = {"Q": Frequency.QUARTER, "H": Frequency.HALF_YEAR, "Y": Frequency.YEAR}


def earlier(period: str, value: int, *, same_plan: bool = True) -> EarlierFigure:
    data_to, late_from = DAYS[period]
    return EarlierFigure(
        period=period,
        frequency=FREQUENCIES[period[5]],
        data_to=data_to,
        late_from=late_from,
        value=Decimal(value),
        actual_to=None,
        agencies=("15493",),
        report_status=ReportStatus.ACCEPTED,
        same_plan=same_plan,
    )


def shown(kind: IndicatorKind, period: FormPeriod, *figures: EarlierFigure) -> Beside:
    return beside(kind, is_quarterly=True, period=period, earlier=figures)


Q2 = FormPeriod("2024-Q2", Frequency.QUARTER, 2024, 2)
H1 = FormPeriod("2024-H1", Frequency.HALF_YEAR, 2024, 1, frozenset({"2024-Q1"}))
H2 = FormPeriod("2024-H2", Frequency.HALF_YEAR, 2024, 2)
YEAR = FormPeriod("2024-Y", Frequency.YEAR, 2024, 1)


@pytest.mark.parametrize(
    ("period", "quarters"),
    [
        (Q2, ()),
        (H1, ("2024-Q1", "2024-Q2")),
        (H2, ("2024-Q3", "2024-Q4")),
        (YEAR, ("2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4")),
    ],
)
def test_the_quarters_of_a_period(period: FormPeriod, quarters: tuple[str, ...]) -> None:
    assert period.quarters() == quarters


def test_a_flow_of_six_months_proposes_the_sum_of_two_quarters() -> None:
    found = shown(IndicatorKind.FLOW, H1, earlier("2024-Q1", 5), earlier("2024-Q2", 7))
    assert found.sum_of_quarters is not None
    assert found.sum_of_quarters.value == Decimal(12)
    assert not found.sum_of_quarters.missing
    assert found.proposal is not None
    assert found.proposal == Proposal(Decimal(12), ProposalRule.SUM_OF_QUARTERS)
    assert found.previous is None  # a quarter is not comparable with six months


def test_an_incomplete_sum_names_what_is_missing_and_proposes_nothing() -> None:
    found = shown(IndicatorKind.FLOW, H1, earlier("2024-Q2", 7))
    assert found.sum_of_quarters is not None
    assert (found.sum_of_quarters.value, found.sum_of_quarters.missing) == (None, ["2024-Q1"])
    assert [(part.value, part.is_exempt) for part in found.sum_of_quarters.parts] == [
        (None, True),
        (7, False),
    ]
    assert found.proposal is None


def test_a_zero_is_a_figure() -> None:
    found = shown(IndicatorKind.FLOW, H1, earlier("2024-Q1", 0), earlier("2024-Q2", 0))
    assert found.proposal is not None
    assert found.proposal.value == 0


def test_the_quarters_of_another_plan_are_not_summed() -> None:
    others = (earlier("2024-Q1", 5, same_plan=False), earlier("2024-Q2", 7))
    found = shown(IndicatorKind.FLOW, H1, *others)
    assert found.sum_of_quarters is not None
    assert found.sum_of_quarters.missing == ["2024-Q1"]


def test_a_flow_that_is_not_reported_by_quarter_has_no_sum() -> None:
    figures = (earlier("2024-Q1", 5), earlier("2024-Q2", 7))
    found = beside(IndicatorKind.FLOW, is_quarterly=False, period=H1, earlier=figures)
    assert found.sum_of_quarters is None


@pytest.mark.parametrize("kind", [IndicatorKind.STOCK, IndicatorKind.CUMULATIVE])
def test_other_kinds_show_the_last_period_of_any_length(kind: IndicatorKind) -> None:
    found = shown(kind, H1, earlier("2024-Q1", 5), earlier("2024-Q2", 7), earlier("2023-Y", 9))
    assert found.previous is not None
    assert found.previous.period == "2024-Q2"
    assert found.sum_of_quarters is None
    rule = found.proposal and found.proposal.derived_from
    assert rule == (ProposalRule.LAST_STOCK if kind is IndicatorKind.STOCK else None)


def test_of_two_periods_that_close_together_the_one_that_is_due_later_counts() -> None:
    found = shown(IndicatorKind.STOCK, Q2, earlier("2023-Q4", 1), earlier("2023-Y", 2))
    assert found.previous is not None
    assert found.previous.period == "2023-Q4"


def test_a_quarter_shows_the_quarter_before() -> None:
    found = shown(IndicatorKind.FLOW, Q2, earlier("2024-Q1", 5), earlier("2023-Y", 9))
    assert found.previous is not None
    assert (found.previous.period, found.sum_of_quarters) == ("2024-Q1", None)
