"""What a form shows beside a figure: earlier values, the sum of the quarters, a proposal. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.services.deadlines.rules import period_code, periods_of_year
from app.vocabulary import Frequency, IndicatorKind, ProposalRule, ReportStatus

QUARTERS_OF_HALF = 2


@dataclass(frozen=True, slots=True)
class FormPeriod:
    """The period of a form; `exempt_periods` are the codes of the agency's exempt ones."""

    code: str
    frequency: Frequency
    year: int
    ordinal: int
    exempt_periods: frozenset[str] = frozenset()

    def quarters(self) -> tuple[str, ...]:
        """The codes of the quarters that make up a longer period; none for a quarter.

        Their windows tile that of the longer one (Nghị định 09/2019/NĐ-CP, Điều 12).
        """
        match self.frequency:
            case Frequency.QUARTER:
                return ()
            case Frequency.HALF_YEAR:
                first = QUARTERS_OF_HALF * (self.ordinal - 1) + 1
                ordinals = range(first, first + QUARTERS_OF_HALF)
            case Frequency.YEAR:
                ordinals = periods_of_year(Frequency.QUARTER)
        return tuple(period_code(Frequency.QUARTER, self.year, each) for each in ordinals)


@dataclass(frozen=True, slots=True)
class EarlierFigure:
    """A figure of an earlier report of the agency, or the sum over those merged into it.

    agencies: the codes of the agencies that reported it. report_status: the state of the report;
    None for a sum of several. same_plan: whether the report answers the plan of the form.
    """

    period: str
    frequency: Frequency
    data_to: date
    late_from: datetime
    value: Decimal
    actual_to: date | None
    agencies: tuple[str, ...]
    report_status: ReportStatus | None
    same_plan: bool = True


@dataclass(frozen=True, slots=True)
class QuarterFigure:
    """The part of a sum that a quarter gives; None if it was not reported."""

    period: str
    value: Decimal | None
    is_exempt: bool


@dataclass(frozen=True, slots=True)
class SumOfQuarters:
    """The sum that a flow has to equal, with its parts."""

    parts: Sequence[QuarterFigure]

    @property
    def missing(self) -> list[str]:
        """The quarters without a figure."""
        return [part.period for part in self.parts if part.value is None]

    @property
    def value(self) -> Decimal | None:
        """The sum; None while a part is missing."""
        values = [part.value for part in self.parts if part.value is not None]
        return sum(values, Decimal(0)) if len(values) == len(self.parts) else None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value that a person can take over, and the rule that gives it."""

    value: Decimal
    derived_from: ProposalRule


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside one figure of a form."""

    previous: EarlierFigure | None
    sum_of_quarters: SumOfQuarters | None
    proposal: Proposal | None


def beside(
    kind: IndicatorKind, *, is_quarterly: bool, period: FormPeriod, earlier: Sequence[EarlierFigure]
) -> Beside:
    """What stands beside a figure, by the earlier figures of its indicator.

    A flow is compared with the last period of the same length, and with the sum of the quarters
    where it is reported by quarter; only a complete sum is proposed. A stock is proposed as it was
    last reported, by a period of any length.
    """
    previous = _previous(kind, period, earlier)
    total = None
    if kind is IndicatorKind.FLOW and is_quarterly and period.quarters():
        total = _sum_of_quarters(period, earlier)
    proposal = None
    if total is not None and total.value is not None:
        proposal = Proposal(total.value, ProposalRule.SUM_OF_QUARTERS)
    elif kind is IndicatorKind.STOCK and previous is not None:
        proposal = Proposal(previous.value, ProposalRule.LAST_STOCK)
    return Beside(previous, total, proposal)


def _previous(
    kind: IndicatorKind, period: FormPeriod, earlier: Sequence[EarlierFigure]
) -> EarlierFigure | None:
    """The last figure before; of two for the same day, the one of this plan and due later."""
    comparable = [
        figure
        for figure in earlier
        if kind is not IndicatorKind.FLOW or figure.frequency == period.frequency
    ]
    return max(
        comparable,
        key=lambda figure: (figure.data_to, figure.same_plan, figure.late_from),
        default=None,
    )


def _sum_of_quarters(period: FormPeriod, earlier: Sequence[EarlierFigure]) -> SumOfQuarters:
    values: Mapping[str, Decimal] = {
        figure.period: figure.value for figure in earlier if figure.same_plan
    }
    return SumOfQuarters(
        [
            QuarterFigure(code, values.get(code), code in period.exempt_periods)
            for code in period.quarters()
        ]
    )
