"""The rules that a body is held against, one by one and at their boundaries."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FieldError
from app.services.reports import validation
from app.services.reports.validation import (
    Expectations,
    ExpectedFigure,
    check_draft,
    check_submission,
)
from app.vocabulary import FindingCode
from tests.support.report_bodies import entry, money

HOUSEHOLDS = "hộ"


def line(
    indicator: str,
    project: str | None = "DA2",
    unit: str = HOUSEHOLDS,
    decimals: int = 0,
    maximum: Decimal | None = None,
    required: bool = False,
) -> ExpectedFigure:
    return ExpectedFigure(
        len(indicator), project, indicator, "flow", unit, decimals, maximum, required
    )


LINES = [
    line("DA2.02", required=True),
    line("DA2.02.1"),
    line("DA2.02.1.1"),
    line("DA2.05", unit="triệu đồng", decimals=2),
    line("DA2.05.1", unit="hộ"),
    line("DA61.01", "DA6.TDA1", "đơn vị", maximum=Decimal(30)),
    line("KQ.01", None),
    line("KQ.02", None),
    line("KQ.31.1", None),
]
CURRENT = ("DA2", "central", "current_year")
EXPECTATIONS = Expectations(
    figures={each.indicator: each for each in LINES},
    projects={"DA2": 1, "DA6.TDA1": 2},
    known_indicators=frozenset({each.indicator for each in LINES} | {"DA32.01"}),
    known_projects=frozenset({"DA2", "DA3", "DA6.TDA1"}),
    allocated={CURRENT: {None: 1000}},
    spent_before={CURRENT: 400},
    quarters={"DA2.02": Decimal("7.00")},
)
TOTAL = entry("DA2", "DA2.02", 7)


def body(entries: list[dict[str, Any]], spent: list[dict[str, Any]] | None = None) -> Any:
    return {"entries": entries, "disbursements": spent or [], "narrative": {}}


def told(findings: list[FieldError]) -> list[tuple[str, str, str]]:
    return [(finding.level, finding.code, finding.pointer) for finding in findings]


DRAFTS: list[tuple[Any, list[tuple[str, str]]]] = [
    (body([]), []),
    (body([TOTAL]), []),
    (body([entry("DA2", "NO.1", 1)]), [("unknown_indicator", "/entries/0/indicator")]),
    (body([TOTAL, entry("DA3", "DA32.01", 1)]), [("not_yours", "/entries/1/indicator")]),
    (body([TOTAL, TOTAL, TOTAL]), [("given_twice", f"/entries/{n}/indicator") for n in (1, 2)]),
    (body([entry("DA9", "DA2.02", 1)]), [("unknown_project", "/entries/0/project")]),
    (body([entry("DA3", "DA2.02", 1)]), [("other_project", "/entries/0/project")]),
    (body([entry("DA2", "KQ.01", 1)]), [("other_project", "/entries/0/project")]),
    (body([], [money("DA9", 1)]), [("unknown_project", "/disbursements/0/project")]),
    (body([], [money("DA3", 1)]), [("not_yours", "/disbursements/0/project")]),
    (body([], [money("DA2", 1), money("DA2", 1)]), [("given_twice", "/disbursements/1")]),
    (body([], [money("DA2", 1), money("DA2", 1, "carried_over")]), []),
    (body([], [money("DA2", 1), money("DA2", 1, source="credit")]), []),
]


@pytest.mark.parametrize(("draft", "expected"), DRAFTS)
def test_what_no_draft_may_hold(draft: Any, expected: list[tuple[str, str]]) -> None:
    assert told(check_draft(draft, EXPECTATIONS)) == [("error", *each) for each in expected]


def sent(*entries: dict[str, Any], spent: list[dict[str, Any]] | None = None) -> Any:
    """A body that lacks nothing, and holds these."""
    return body([TOTAL, *entries], spent)


SUBMISSIONS: list[tuple[Any, list[tuple[str, str, str]]]] = [
    (sent(), []),
    (sent(entry("DA2", "DA2.02.1", 0.5)), [("error", "too_precise", "/entries/1/value")]),
    (sent(entry("DA2", "DA2.02.1", 7.0)), []),
    (
        sent(entry("DA2", "DA2.05", 0.25, estimate=1.005)),
        [("error", "too_precise", "/entries/1/estimate")],
    ),
    (sent(entry("DA6.TDA1", "DA61.01", 30)), []),
    (sent(entry("DA6.TDA1", "DA61.01", 31)), [("error", "over_maximum", "/entries/1/value")]),
    (
        sent(entry("DA6.TDA1", "DA61.01", 3, estimate=31)),
        [("error", "over_maximum", "/entries/1/estimate")],
    ),
    # A required figure that is no number is not missing, and not compared with its parts.
    (
        body([entry("DA2", "DA2.02", "12a"), entry("DA2", "DA2.02.1", 8)]),
        [("error", "not_a_number", "/entries/0/value")],
    ),
    (
        sent(entry("DA2", "DA2.02.1", "")),
        [("error", "not_a_number", "/entries/1/value")],
    ),
    (
        sent(entry("DA2", "DA2.05", "5", estimate=1)),
        [("error", "not_a_number", "/entries/1/value")],
    ),
    (
        sent(spent=[money("DA2", "350 triệu"), money("DA2", -1, "carried_over")]),
        [
            ("error", "not_a_number", "/disbursements/0/amount_vnd"),
            ("error", "negative", "/disbursements/1/amount_vnd"),
        ],
    ),
    (body([]), [("error", "required_figure_missing", "/entries/-")]),
    (
        body([entry("DA2", "DA2.02", 0)]),
        [("warning", "not_the_sum_of_quarters", "/entries/0/value")],
    ),
    (sent(entry("DA2", "DA2.02.1", 7)), []),
    (sent(entry("DA2", "DA2.02.1", 8)), [("error", "part_over_total", "/entries/1/value")]),
    (sent(entry("DA2", "DA2.02.1.1", 8)), []),  # its own total is not given
    (
        sent(entry("DA2", "DA2.02.1", 3), entry("DA2", "DA2.02.1.1", 4)),
        [("error", "part_over_total", "/entries/2/value")],
    ),
    (sent(entry("DA2", "DA2.05", 1), entry("DA2", "DA2.05.1", 2)), []),  # another unit: no part
    (sent(entry(None, "KQ.02", 5), entry(None, "KQ.31.1", 5), entry(None, "KQ.01", 5)), []),
    (
        sent(entry(None, "KQ.02", 5), entry(None, "KQ.31.1", 6)),
        [("error", "more_than_poor", "/entries/2/value")],
    ),
    (
        sent(entry(None, "KQ.01", 5), entry(None, "KQ.02", 6)),
        [("error", "more_than_all", "/entries/2/value")],
    ),
    (sent(spent=[money("DA2", 1000)]), []),
    (
        sent(spent=[money("DA2", 1001)]),
        [("error", "over_allocated", "/disbursements/0/amount_vnd")],
    ),
    (sent(spent=[money("DA2", 400)]), []),
    (
        sent(spent=[money("DA2", 399)]),
        [("warning", "spent_less_than_before", "/disbursements/0/amount_vnd")],
    ),
    (
        sent(spent=[money("DA2", 1, source="credit")]),
        [("warning", "not_allocated", "/disbursements/0")],
    ),
    (sent(spent=[money("DA2", 0, source="credit")]), []),
    (sent(entry("DA2", "DA2.05", 1.5, estimate=1.5)), []),
    (
        sent(entry("DA2", "DA2.05", 1.5, estimate=1.49)),
        [("warning", "estimate_below_value", "/entries/1/estimate")],
    ),
]


@pytest.mark.parametrize(("report", "expected"), SUBMISSIONS)
def test_what_a_submission_is_told(report: Any, expected: list[tuple[str, str, str]]) -> None:
    assert check_draft(report, EXPECTATIONS) == []
    assert told(check_submission(report, EXPECTATIONS)) == expected


def test_errors_come_before_warnings() -> None:
    report = body([entry("DA2", "DA2.02", 1, estimate=0), entry("DA2", "DA2.02.1", 2)])
    levels = [level for level, _, _ in told(check_submission(report, EXPECTATIONS))]
    assert levels == sorted(levels)
    assert set(levels) == {"error", "warning"}


def test_findings_have_the_order_of_the_form() -> None:
    report = body(
        [entry("DA2", "DA2.05.1", 9), entry("DA2", "DA2.05", 1, estimate=0)],
        [money("DA2", 2000), money("DA2", 1, "carried_over")],
    )
    findings = check_submission(report, EXPECTATIONS)
    assert [(f.level, f.pointer, f.about["project"], f.about["indicator"]) for f in findings] == [
        ("error", "/entries/-", "DA2", "DA2.02"),
        ("error", "/disbursements/0/amount_vnd", "DA2", None),
        ("warning", "/entries/1/estimate", "DA2", "DA2.05"),
        ("warning", "/disbursements/1", "DA2", None),
    ]


def test_every_code_of_a_finding_is_listed() -> None:
    folder = Path(validation.__file__).parent
    rules = ("validation", "figures", "balances", "estimates", "money", "nil")
    source = "".join((folder / f"{name}.py").read_text("utf-8") for name in rules)
    assert {code for code in FindingCode if f'"{code}"' in source} == set(FindingCode)


numbers = st.integers(0, 10**13 - 1) | st.decimals(0, 10**13 - 1, places=2).map(float)
typed = numbers | st.floats(-(10**18), 10**18) | st.text("0123456789.,ab ", max_size=9)
entries = st.builds(
    entry,
    st.sampled_from([None, "DA2", "DA3", "DA6.TDA1", "DA9"]),
    st.sampled_from([*EXPECTATIONS.figures, "DA32.01", "NO.1"]),
    typed,
    estimate=st.none() | typed,
)
amounts = st.builds(
    money,
    st.sampled_from(["DA2", "DA3", "DA9"]),
    st.integers(0, 10**15) | typed,
    st.sampled_from(["current_year", "carried_over"]),
    st.sampled_from(["central", "credit"]),
)


@given(st.lists(entries, max_size=8), st.lists(amounts, max_size=4))
def test_every_finding_points_into_the_body_and_can_be_told(
    given_entries: list[dict[str, Any]], spent: list[dict[str, Any]]
) -> None:
    report = body(given_entries, spent)
    findings = check_draft(report, EXPECTATIONS)
    for finding in findings or check_submission(report, EXPECTATIONS):
        if finding.pointer == "/entries/-":
            assert finding.about["indicator"] in EXPECTATIONS.figures
            continue
        place: Any = report
        for step in finding.pointer.split("/")[1:]:
            place = place[int(step) if isinstance(place, list) else step]
        assert finding.code in set(FindingCode)
        for language in ("vi", "en"):
            message = finding.document(language)["message"]
            assert message
            assert "{" not in message
