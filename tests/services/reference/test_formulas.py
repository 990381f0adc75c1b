"""Formulas: parsing, evaluating, rejecting."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.reference.formulas import MAX_LENGTH, Formula, Terms, dependencies, parse

ONE = Decimal(1)
HUNDRED = Decimal(100)

VALID = [
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

INVALID = [
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
).map(lambda drawn: ((1, drawn[0][1]), *drawn[1:]))
figures = st.decimals(min_value=0, max_value=10**13, places=2)


def format_sum(side: Terms) -> str:
    first, *others = side
    return first[1] + "".join(f" {'+' if sign > 0 else '-'} {code}" for sign, code in others)


@pytest.mark.parametrize(("text", "numerator", "denominator", "scale"), VALID)
def test_a_formula_is_parsed(
    text: str, numerator: Terms, denominator: Terms | None, scale: Decimal
) -> None:
    assert parse(text) == Formula(numerator, denominator, scale)


@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_formula_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|longer than"):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_raises_value_error(text: str) -> None:
    try:
        formula = parse(text)
    except ValueError:
        return
    assert formula.numerator


@given(terms)
def test_a_sum_is_parsed_term_by_term(side: Terms) -> None:
    assert parse(format_sum(side)) == Formula(side, None, ONE)


@given(terms, terms, st.integers(1, 999_999))
def test_a_ratio_is_parsed_side_by_side(above: Terms, below: Terms, scale: int) -> None:
    text = f"{scale} * ({format_sum(above)}) / ({format_sum(below)})"
    assert parse(text) == Formula(above, below, Decimal(scale))


@given(terms, st.data())
def test_a_sum_adds_its_terms_and_requires_each(side: Terms, data: st.DataObject) -> None:
    formula = parse(format_sum(side))
    values = {code: data.draw(figures) for code in formula.codes()}
    assert formula.evaluate(values) == sum(sign * values[code] for sign, code in side)
    missing = data.draw(st.sampled_from(sorted(formula.codes())))
    assert formula.evaluate({code: values[code] for code in values if code != missing}) is None


@given(figures, figures)
def test_a_ratio_is_a_quotient_or_none(above: Decimal, below: Decimal) -> None:
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


def test_a_zero_denominator_gives_none_and_a_zero_numerator_zero() -> None:
    rate = parse("100 * A / (B - C)")
    assert rate.evaluate({"A": ONE, "B": ONE, "C": ONE}) is None
    assert rate.evaluate({"A": Decimal(0), "B": ONE, "C": Decimal(0)}) == 0


def test_dependencies_are_transitive_and_show_circles() -> None:
    formulas = {"KQ.07": parse("100 * KQ.06 / KQ.01"), "KQ.06": parse("KQ.02 - KQ.03")}
    assert dependencies("KQ.07", formulas) == {"KQ.06", "KQ.01", "KQ.02", "KQ.03"}
    assert dependencies("KQ.01", formulas) == set()
    circle = {"A": parse("B + C"), "B": parse("A - C")}
    assert "A" in dependencies("A", circle)
