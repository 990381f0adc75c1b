"""Formulas: what can be written, what it is worth, and what is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.reference.formulas import MAX_LENGTH, Formula, Terms, dependencies, parse

ONE = Decimal(1)
HUNDRED = Decimal(100)

WRITTEN = [
    ("KQ.02", ((1, "KQ.02"),), None, ONE),
    (
        "KQ.02 - KQ.03 + KQ.04 + KQ.05",
        ((1, "KQ.02"), (-1, "KQ.03"), (1, "KQ.04"), (1, "KQ.05")),
        None,
        ONE,
    ),
    ("100 * KQ.06 / KQ.01", ((1, "KQ.06"),), ((1, "KQ.01"),), HUNDRED),
    ("KQ.06 / KQ.01", ((1, "KQ.06"),), ((1, "KQ.01"),), ONE),
    (
        "1000 * (A.01 + A.02) / (B.01 - B.02)",
        ((1, "A.01"), (1, "A.02")),
        ((1, "B.01"), (-1, "B.02")),
        Decimal(1000),
    ),
    ("0.5*A/B", ((1, "A"),), ((1, "B"),), Decimal("0.5")),
    ("  A  -\tB ", ((1, "A"), (-1, "B")), None, ONE),
    ("DA2-01 - DA2_02", ((1, "DA2-01"), (-1, "DA2_02")), None, ONE),
]

UNREADABLE = [
    "",
    "   ",
    "A B",
    "A -",
    "- A",
    "A + + B",
    "A / ",
    "/ A",
    "A + B / C",
    "A / B + C",
    "A / B / C",
    "100 * A",
    "100 * A + B",
    "A * 100 / B",
    "0 * A / B",
    "1e3 * A / B",
    "-100 * A / B",
    "(A + B)",
    "(A + B / C",
    "A / ()",
    "100 * (A / B) / C",
    "Hộ nghèo + A",
    "A = B",
    "__import__('os')",
    "A + " * (MAX_LENGTH // 4) + "A",
]

codes = st.from_regex(r"[0-9A-Z][0-9A-Z._-]{0,8}", fullmatch=True)
terms: st.SearchStrategy[Terms] = st.lists(
    st.tuples(st.sampled_from([1, -1]), codes), min_size=1, max_size=6
).map(lambda found: ((1, found[0][1]), *found[1:]))
figures = st.decimals(min_value=0, max_value=10**13, places=2)


def written(side: Terms) -> str:
    first, *others = side
    return first[1] + "".join(f" {'+' if sign > 0 else '-'} {code}" for sign, code in others)


@pytest.mark.parametrize(("text", "numerator", "denominator", "scale"), WRITTEN)
def test_a_formula_is_read(
    text: str, numerator: Terms, denominator: Terms | None, scale: Decimal
) -> None:
    assert parse(text) == Formula(numerator, denominator, scale)


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|cannot be read|more than"):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_never_worse(text: str) -> None:
    try:
        formula = parse(text)
    except ValueError:
        return
    assert formula.numerator


@given(terms)
def test_a_sum_is_read_as_it_was_written(side: Terms) -> None:
    assert parse(written(side)) == Formula(side, None, ONE)


@given(terms, terms, st.integers(1, 999_999))
def test_a_ratio_is_read_as_it_was_written(above: Terms, below: Terms, scale: int) -> None:
    text = f"{scale} * ({written(above)}) / ({written(below)})"
    assert parse(text) == Formula(above, below, Decimal(scale))


@given(terms, st.data())
def test_a_sum_is_worth_its_terms_and_needs_each(side: Terms, data: st.DataObject) -> None:
    formula = parse(written(side))
    values = {code: data.draw(figures) for code in formula.codes()}
    assert formula.evaluate(values) == sum(sign * values[code] for sign, code in side)
    missing = data.draw(st.sampled_from(sorted(formula.codes())))
    assert formula.evaluate({code: values[code] for code in values if code != missing}) is None


@given(figures, figures)
def test_a_ratio_is_a_quotient_or_nothing(above: Decimal, below: Decimal) -> None:
    value = parse("100 * A / B").evaluate({"A": above, "B": below})
    assert value == (100 * above / below if below else None)


def test_the_poverty_rate_of_a_district_is_a_ratio_of_sums() -> None:
    poor_at_end = parse("KQ.02 - KQ.03 + KQ.04 + KQ.05")
    rate = parse("100 * KQ.06 / KQ.01")
    sums = {"KQ.01": Decimal(58065), "KQ.02": Decimal(1000), "KQ.03": Decimal(190)}
    sums |= {"KQ.04": Decimal(4), "KQ.05": Decimal(6)}
    sums["KQ.06"] = poor_at_end.evaluate(sums) or Decimal(-1)
    assert sums["KQ.06"] == 820
    assert round(rate.evaluate(sums) or Decimal(-1), 2) == Decimal("1.41")


def test_zero_below_is_no_value_and_zero_above_is_zero() -> None:
    rate = parse("100 * A / (B - C)")
    assert rate.evaluate({"A": ONE, "B": ONE, "C": ONE}) is None
    assert rate.evaluate({"A": Decimal(0), "B": ONE, "C": Decimal(0)}) == 0


def test_a_formula_is_followed_through_others_and_into_circles() -> None:
    formulas = {"KQ.07": parse("100 * KQ.06 / KQ.01"), "KQ.06": parse("KQ.02 - KQ.03")}
    assert dependencies("KQ.07", formulas) == {"KQ.06", "KQ.01", "KQ.02", "KQ.03"}
    assert dependencies("KQ.01", formulas) == set()
    circle = {"A": parse("B + C"), "B": parse("A - C")}
    assert "A" in dependencies("A", circle)
