"""The movement of households and persons has to balance."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FieldError
from app.services.reports.balances import BALANCES, unbalanced
from app.services.reports.subjects import name_figure

TERMS = [(end, sign, code) for end, terms in BALANCES.items() for sign, code in terms]
CODES = [*BALANCES, *dict.fromkeys(code for _, _, code in TERMS)]
NAMES = {code: f"Tên {code}" for code in CODES}
counts = st.integers(0, 10**9)


def findings_of(values: dict[str, int]) -> list[FieldError]:
    figures = {
        code: (position, Decimal(value)) for position, (code, value) in enumerate(values.items())
    }
    return list(unbalanced(figures, NAMES))


def ends_of(values: dict[str, int]) -> dict[str, int]:
    """The numbers at the end that balance the movement."""
    return {
        end: sum(sign * values[code] for sign, code in terms) for end, terms in BALANCES.items()
    }


@given(st.fixed_dictionaries({code: counts for code in CODES if code not in BALANCES}))
def test_a_movement_with_its_own_sums_balances(values: dict[str, int]) -> None:
    assert findings_of(values | ends_of(values)) == []


@given(
    st.fixed_dictionaries({code: counts for code in CODES if code not in BALANCES}),
    st.sampled_from(TERMS),
    st.integers(1, 10**9),
)
def test_one_wrong_figure_is_found_in_each_balance_that_has_it(
    values: dict[str, int], wrong: tuple[str, int, str], difference: int
) -> None:
    _, _, code = wrong
    body = values | ends_of(values)
    body[code] += difference
    codes = list(body)
    expected = {f"/entries/{codes.index(end)}/value" for end, _, other in TERMS if other == code}
    findings = findings_of(body)
    assert {finding.pointer for finding in findings} == expected
    assert {(finding.code, finding.level) for finding in findings} == {("not_balanced", "warning")}


@pytest.mark.parametrize("code", CODES)
def test_a_balance_without_all_its_figures_is_not_checked(code: str) -> None:
    """Every other figure is 1, so that no balance holds: 1 is not 1 - 3 + 4."""
    body = dict.fromkeys(CODES, 1)
    all_ends = {finding.pointer for finding in findings_of(body)}
    assert len(all_ends) == len(BALANCES)
    del body[code]
    having = {end for end, _, other in TERMS if code in {end, other}}
    assert len(findings_of(body)) == len(BALANCES) - len(having)


def test_each_form_has_three_exits_and_four_entries() -> None:
    for terms in BALANCES.values():
        assert [sign for sign, _ in terms] == [1, -1, -1, -1, 1, 1, 1, 1]


def test_a_move_between_the_lists_is_counted_once_and_stands_in_both() -> None:
    poor, near_poor, poor_persons, near_poor_persons = map(
        dict, (((code, sign) for sign, code in terms) for terms in BALANCES.values())
    )
    for left, came in ((poor, near_poor), (poor_persons, near_poor_persons)):
        shared = left.keys() & came.keys()
        assert len(shared) == 2
        assert all(left[code] == -came[code] for code in shared)


def test_the_finding_names_both_sides() -> None:
    body = dict.fromkeys(CODES, 0) | {"KQ.02": 20, "KQ.31.2": 4, "KQ.34": 1, "KQ.06": 16}
    (finding,) = findings_of(body)
    subject = name_figure("KQ.06", NAMES["KQ.06"])
    message = finding.message.fill("vi", {**finding.facts, "subject": subject})
    assert message == (
        "“Tên KQ.06” (KQ.06) ghi 16, nhưng tính từ biến động là 17 = 20 Tên KQ.02 (KQ.02) "
        "− 4 Tên KQ.31.2 (KQ.31.2) + 1 Tên KQ.34 (KQ.34); kiểm tra lại, hoặc giải trình khi gửi."
    )
