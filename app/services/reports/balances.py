"""The movement of poor and near-poor households and persons has to balance. Pure.

The form of the annual review counts, for households (hộ) and for persons (nhân khẩu): at the start,
minus what left by each way, plus what came by each way, equals at the end. A household that moves
between the two lists is counted once, and stands in both balances.

A difference is a warning and not an error: the number at the end is counted from the list and not
computed, so a difference shows a household that the list has and the movement lacks. The agency may
not find it before the report is due; its note tells the reviewer, who can return the report.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from app.errors import FieldError
from app.services.reference import formulas
from app.services.reference.formulas import Terms
from app.text.bilingual import Bilingual

Figures = Mapping[str, tuple[int, Decimal]]
"""The position and value of each indicator in a body."""

BALANCES: dict[str, Terms] = {
    end: formulas.parse(movement).numerator
    for end, movement in {
        # Poor households: became near-poor, rose above near-poverty, other decrease; from
        # near-poverty, poor again, newly poor, other increase.
        "KQ.06": "KQ.02 - KQ.31.1 - KQ.31.2 - KQ.32 + KQ.33 + KQ.04 + KQ.34 + KQ.35",
        # Near-poor households: became poor, rose above near-poverty, other decrease; from poverty,
        # near-poor again, newly near-poor, other increase.
        "KQ.09.5": "KQ.09.1 - KQ.33 - KQ.09.6 - KQ.09.7 + KQ.31.1 + KQ.09.3 + KQ.09.8 + KQ.09.9",
        # Persons of poor, then of near-poor households, in the same order.
        "KQ.41.9": (
            "KQ.41.1 - KQ.41.2 - KQ.41.3 - KQ.41.4 + KQ.41.5 + KQ.41.6 + KQ.41.7 + KQ.41.8"
        ),
        "KQ.42.7": (
            "KQ.42.1 - KQ.41.5 - KQ.42.2 - KQ.42.3 + KQ.41.2 + KQ.42.4 + KQ.42.5 + KQ.42.6"
        ),
    }.items()
}
"""What each number at the end has to equal, by the code of that number."""

NOT_BALANCED = Bilingual(
    "{subject} ghi {value}, nhưng tính từ biến động là {sum} = {movement}; kiểm tra "
    "lại, hoặc giải trình khi gửi.",
    "{subject} is {value}, but the movement gives {sum} = {movement}; check the "
    "figures, or explain the difference when you submit.",
)
TERM = Bilingual("{value} {name} ({code})", "{value} {name} ({code})")


def unbalanced(figures: Figures, names: Mapping[str, str]) -> Iterator[FieldError]:
    """A warning at each number at the end that its movement does not give.

    names: of the indicators, by code. A balance of which a figure is missing is not checked.
    """
    for end, terms in BALANCES.items():
        if end not in figures or any(code not in figures for _, code in terms):
            continue
        position, value = figures[end]
        total = sum((sign * figures[code][1] for sign, code in terms), Decimal(0))
        if value != total:
            facts = {
                "value": value,
                "sum": total,
                "movement": _movement(terms, figures, names),
            }
            yield FieldError(
                f"/entries/{position}/value", "not_balanced", NOT_BALANCED, facts, level="warning"
            )


def _movement(terms: Terms, figures: Figures, names: Mapping[str, str]) -> Bilingual:
    """The terms of a sum with their names; without those that are 0, except the first."""
    (_, start), *changes = terms
    texts = [_term(start, figures, names)]
    for sign, code in changes:
        if figures[code][1]:
            term = _term(code, figures, names)
            operator = " + " if sign > 0 else " − "
            texts.append(Bilingual(operator + term.vi, operator + term.en))
    return Bilingual("".join(text.vi for text in texts), "".join(text.en for text in texts))


def _term(code: str, figures: Figures, names: Mapping[str, str]) -> Bilingual:
    return TERM.filled({"value": figures[code][1], "name": names[code], "code": code})
